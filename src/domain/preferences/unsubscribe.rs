//! Ending marketing email by the link of a letter: a mail program's button (RFC 8058), the page's, a mail to the
//! unsubscribe address (M-09), or a complaint (B-05).
//!
//! The scope is all marketing email of the letter's brand (M-11). It works for as long as the link exists: after
//! erasure and after the campaign is deleted there is nothing to end, and that is an answer too.

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::audience::subscriber;
use crate::domain::catalog::{Channel, brand};
use crate::domain::consent::ledger::{self, Method, PROVIDER, SUBSCRIBER, Shown, Statement};
use crate::domain::consent::lock;
use crate::domain::consent::opt_in::{Scope, withdraw_all};
use crate::domain::preferences::act::{self, Act};
use crate::domain::preferences::{Choice, load};
use crate::error::{Result, if_there};
use crate::i18n::Lang;
use crate::token::UnsubscribeLink;

/// What an unsubscribe did.
#[derive(Debug, Clone)]
pub struct Unsubscribed {
    /// The brand of the link.
    pub brand: brand::Brand,
    /// Whether anything was running until now; a repeat and an erased person find nothing.
    pub stopped: bool,
    /// What goes on, because it does not come by email.
    pub continues: Vec<Choice>,
    /// Whether the person is still known, so that they have choices to look at.
    pub known: bool,
    /// The act, if it was done on our page: whoever sees a page can have a receipt and undo it. After a repeat, the
    /// first one.
    pub act: Option<Act>,
}

/// How a person, or somebody for them, ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// The means.
    pub method: Method,
    /// The language of the page, if there was one.
    pub page: Option<Lang>,
}

impl Way {
    /// Without a page: by a mail program, a mail or a provider.
    pub fn unseen(method: Method) -> Self {
        Self { method, page: None }
    }
}

/// What the link stops, in the words of the page, the receipt and the ledger (M-11).
pub fn unsubscribe_scope(brand: &brand::Brand, lang: Lang) -> String {
    lang.say("scope-email").with("brand", &brand.name).to_string()
}

/// Ends all marketing email of the link's brand, with one ledger entry; a repeat in a short while adds nothing.
///
/// # Errors
/// [`crate::error::Error::NotFound`] if there is no such brand.
pub fn unsubscribe(
    conn: &mut DbConnection,
    link: &UnsubscribeLink,
    way: Way,
    now: Moment,
) -> Result<Unsubscribed> {
    let Way { method, page } = way;
    let brand = brand::get(conn, link.brand)?;
    lock(conn, link.subscriber)?;
    let person = if_there(subscriber::get(conn, link.subscriber))?;
    let known = person.is_some_and(|person| person.erased_at.is_none());
    if !known {
        return Ok(Unsubscribed { brand, stopped: false, continues: Vec::new(), known, act: None });
    }
    let shown = Shown {
        form: form_of(method).to_owned(),
        wording: unsubscribe_scope(&brand, page.unwrap_or_default()),
        boxes: Vec::new(),
        policy_version: brand.policy_version.clone(),
        language: page.map(|lang| lang.tag().to_owned()),
    };
    let statement = Statement {
        subscriber: link.subscriber,
        brand: link.brand,
        evidence: ledger::keep(conn, &shown)?,
        method,
        // A provider says that the person complained; nobody saw them do it.
        actor: if method == Method::Complaint { PROVIDER } else { SUBSCRIBER },
        campaign: (link.campaign != 0).then_some(link.campaign),
        at: now,
        source: None,
    };
    let end = |conn: &mut DbConnection| withdraw_all(conn, &statement, Scope::Channel(Channel::Email));
    let (ended, act) = if method == Method::UnsubscribePage {
        act::perform(conn, link.preferences(), (act::Kind::Unsubscribed, None), now, end)?
    } else {
        (end(conn)?, None)
    };
    // Pressed again: what the first press did, as long as nothing came after it.
    let act = match act {
        None if method == Method::UnsubscribePage => repeated(conn, link)?,
        act => act,
    };
    let continues = load(conn, link.brand, link.subscriber, now)?.running();
    Ok(Unsubscribed { brand, stopped: ended > 0, continues, known, act })
}

fn repeated(conn: &mut DbConnection, link: &UnsubscribeLink) -> Result<Option<Act>> {
    let last = act::last_since(conn, link.preferences(), Moment::from_micros(0))?;
    let Some(last) = last else { return Ok(None) };
    let same = last.kind == act::Kind::Unsubscribed && last.is_last_word(conn)?;
    Ok(same.then_some(last))
}

/// What the person used. Nothing was shown to who complained; the scope is what we made of it.
fn form_of(method: Method) -> &'static str {
    if method == Method::Complaint { "complaint" } else { "unsubscribe" }
}
