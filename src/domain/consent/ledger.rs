//! The ledger: the append-only record of every consent event. What was decided, what was shown, how, by whom, when.
//!
//! Nothing here is ever changed or deleted; the database refuses it too.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{brand, evidence, ledger, topic};
use crate::domain::catalog::{Channel, Topic};
use crate::domain::consent::opt_in::Basis;
use crate::domain::consent::permission::Kind;
use crate::error::Result;
use crate::i18n::Lang;
use crate::secret::sha256;

word_enum! {
    /// What was decided.
    pub enum Decision {
        /// Asked for, and waiting for the confirmation of the address.
        Requested = "requested",
        /// Agreed.
        Granted = "granted",
        /// Asked, and not agreed.
        Refused = "refused",
        /// Ended.
        Withdrawn = "withdrawn",
    }
}

word_enum! {
    /// How it was decided.
    pub enum Method {
        /// A brand's sign-up form.
        SignUpForm = "sign_up_form",
        /// The button behind the link of a confirmation mail.
        DoubleOptIn = "double_opt_in",
        /// The preference page.
        PreferencePage = "preference_page",
        /// The form that corrects what is held about a person.
        DataPage = "data_page",
        /// The button behind the link that was mailed to a person's new address.
        AddressChange = "address_change",
        /// The button that undoes what was done on a page.
        Undo = "undo",
        /// A mail program's own unsubscribe button (RFC 8058).
        OneClick = "one_click",
        /// The button on the unsubscribe page.
        UnsubscribePage = "unsubscribe_page",
        /// A mail to the unsubscribe address of a letter, or a provider's word for the person.
        Mailto = "mailto",
        /// A report of abuse by the person's mail provider (RFC 5965).
        Complaint = "complaint",
        /// An import with its evidence.
        Import = "import",
        /// A program of the organisation, for the person.
        Api = "api",
        /// Erasure of the person's data.
        Erasure = "erasure",
    }
}

/// The longest wording that may have been shown, in characters, by whichever door it comes.
pub const WORDING_CHARS_MAX: usize = 10_000;

/// What a person saw when they decided.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The form and its version, such as `sign-up` or `preferences`.
    pub form: String,
    /// The wording they agreed to, exactly.
    pub wording: String,
    /// Each box that was on the screen, and whether it was ticked before they touched it.
    pub boxes: Vec<ShownBox>,
    /// The version of the privacy policy in force.
    pub policy_version: String,
    /// The language of the screen, a tag of BCP 47; none where nobody said.
    pub language: Option<String>,
}

impl Shown {
    /// Nothing was on any screen of ours: a program said it.
    pub fn told(policy_version: &str) -> Self {
        Self {
            form: "api".to_owned(),
            wording: String::new(),
            boxes: Vec::new(),
            policy_version: policy_version.to_owned(),
            language: None,
        }
    }
}

/// One box on the screen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ShownBox {
    /// What it stands for, as `newsletter:email` or `permission:opens`.
    pub name: String,
    /// Whether it was ticked before the person touched it.
    pub ticked: bool,
    /// The words that stood beside it, exactly; left out where nobody told them, or where they are the wording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

impl ShownBox {
    /// A box of which no words are known besides the wording.
    pub fn plain(name: String, ticked: bool) -> Self {
        Self { name, ticked, words: None }
    }

    /// A topic's box as our pages show it in `lang`.
    pub fn of_topic(topic: &Topic, channel: Channel, ticked: bool, lang: Lang) -> Self {
        Self { words: Some(topic.words(lang)), ..Self::plain(format!("{}:{channel}", topic.slug), ticked) }
    }
}

/// Keeps what was shown and returns its row number; the same screen is kept once.
///
/// # Errors
/// Of the database.
pub fn keep(conn: &mut DbConnection, shown: &Shown) -> Result<i64> {
    let boxes = serde_json::to_string(&shown.boxes)?;
    let whole = (&shown.form, &shown.wording, &boxes, &shown.policy_version, &shown.language);
    let whole = serde_json::to_vec(&whole)?;
    let digest = sha256(&whole);
    let find = evidence::table.filter(evidence::digest.eq(digest.clone())).select(evidence::id);
    if let Some(id) = find.clone().first(conn).optional()? {
        return Ok(id);
    }
    let row = (
        evidence::digest.eq(digest),
        evidence::form.eq(&shown.form),
        evidence::wording.eq(&shown.wording),
        evidence::wording_sha256.eq(sha256(shown.wording.as_bytes())),
        evidence::shown.eq(boxes),
        evidence::policy_version.eq(&shown.policy_version),
        evidence::language.eq(&shown.language),
    );
    on_backend!(conn, |c| diesel::insert_into(evidence::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(find.first(conn)?)
}

/// The language of a screen that was kept, where it was said and is one that we speak.
///
/// # Errors
/// Of the database.
pub fn language_of(conn: &mut DbConnection, evidence: i64) -> Result<Option<Lang>> {
    let tag: Option<String> = evidence::table.find(evidence).select(evidence::language).first(conn)?;
    Ok(tag.as_deref().and_then(Lang::read))
}

/// The form that was on the screen, as [`Shown::form`].
///
/// # Errors
/// Of the database.
pub fn form_of(conn: &mut DbConnection, evidence: i64) -> Result<String> {
    Ok(evidence::table.find(evidence).select(evidence::form).first(conn)?)
}

/// What the entries of one act have in common: who, for which brand, after seeing what, how, by whom, when.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    /// The person it is about.
    pub subscriber: i64,
    /// The brand it is about.
    pub brand: i64,
    /// What was shown: the row number from [`keep`].
    pub evidence: i64,
    /// How.
    pub method: Method,
    /// Who did it: `subscriber`, `provider`, or a name of a key or import that is not personal.
    pub actor: &'a str,
    /// In which campaign's letter the link was.
    pub campaign: Option<i64>,
    /// When.
    pub at: Moment,
    /// The source that the data came with; none for the person's own act on a form or page.
    pub source: Option<i64>,
}

/// The actor of everything a person does for themselves.
pub const SUBSCRIBER: &str = "subscriber";

/// The actor of what a mailbox provider says in the person's place.
pub const PROVIDER: &str = "provider";

/// What a decision is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matter {
    /// One topic on one channel.
    Topic(i64, Channel),
    /// A tracking permission.
    Permission(Kind),
    /// Everything of the brand on one channel.
    Brand(Channel),
    /// Everything of the brand.
    WholeBrand,
}

/// Writes one entry and returns its row number.
///
/// # Errors
/// Of the database.
pub fn record(
    conn: &mut DbConnection,
    statement: &Statement<'_>,
    matter: Matter,
    decision: Decision,
    basis: Option<Basis>,
) -> Result<i64> {
    let (topic, channel, permission) = match matter {
        Matter::Topic(topic, channel) => (Some(topic), Some(channel), None),
        Matter::Permission(kind) => (None, None, Some(kind)),
        Matter::Brand(channel) => (None, Some(channel), None),
        Matter::WholeBrand => (None, None, None),
    };
    Ok(diesel::insert_into(ledger::table)
        .values((
            ledger::subscriber_id.eq(statement.subscriber),
            ledger::brand_id.eq(statement.brand),
            ledger::evidence_id.eq(statement.evidence),
            ledger::topic_id.eq(topic),
            ledger::channel.eq(channel),
            ledger::permission.eq(permission),
            ledger::decision.eq(decision),
            ledger::basis.eq(basis),
            ledger::method.eq(statement.method),
            ledger::actor.eq(statement.actor),
            ledger::campaign_id.eq(statement.campaign),
            ledger::at.eq(statement.at),
        ))
        .returning(ledger::id)
        .get_result(conn)?)
}

/// One entry as it is read.
#[derive(Debug, Clone, Queryable)]
pub struct Entry {
    /// Row number: later entries have larger ones.
    pub id: i64,
    /// The brand's word.
    pub brand: String,
    /// The topic's word, unless it is about the brand or a permission.
    pub topic: Option<String>,
    /// The channel, unless it is about a permission or all channels.
    pub channel: Option<Channel>,
    /// The tracking permission it is about.
    pub permission: Option<Kind>,
    /// What was decided.
    pub decision: Decision,
    /// The lawful basis of a grant.
    pub basis: Option<Basis>,
    /// How.
    pub method: Method,
    /// By whom.
    pub actor: String,
    /// When.
    pub at: Moment,
    /// The form that was shown.
    pub form: String,
    /// The wording that was shown, exactly.
    pub wording: String,
    /// SHA-256 of that wording.
    pub wording_sha256: Vec<u8>,
    /// The boxes that were shown and their default states, as JSON.
    pub shown: String,
    /// The version of the privacy policy in force.
    pub policy_version: String,
    /// The language of the screen; none where nobody said.
    pub language: Option<String>,
}

/// Whether a person, or somebody for them, ever agreed to anything.
///
/// # Errors
/// Of the database.
pub fn ever_granted(conn: &mut DbConnection, person: i64) -> Result<bool> {
    let granted =
        ledger::table.filter(ledger::subscriber_id.eq(person).and(ledger::decision.eq(Decision::Granted)));
    Ok(diesel::select(diesel::dsl::exists(granted)).get_result(conn)?)
}

/// The brands that a person, or somebody for them, ever agreed to something of. What somebody only typed into a form, who may
/// be a stranger, does not count.
///
/// # Errors
/// Of the database.
pub fn brands_agreed_to(conn: &mut DbConnection, person: i64) -> Result<Vec<i64>> {
    let of_person = ledger::subscriber_id.eq(person).and(ledger::decision.eq(Decision::Granted));
    Ok(ledger::table.filter(of_person).select(ledger::brand_id).distinct().load(conn)?)
}

/// A person's entries in the order they were written: those after row number `after`, at most `limit`.
///
/// # Errors
/// Of the database.
pub fn of_subscriber(conn: &mut DbConnection, person: i64, after: i64, limit: i64) -> Result<Vec<Entry>> {
    let of_person = ledger::subscriber_id.eq(person).and(ledger::id.gt(after));
    Ok(entries().filter(of_person).limit(limit).load(conn)?)
}

/// A person's entries about a brand above a row number and up to another.
///
/// # Errors
/// Of the database.
pub fn of_range(
    conn: &mut DbConnection,
    person: i64,
    brand: i64,
    (after, until): (i64, i64),
) -> Result<Vec<Entry>> {
    let of_person = ledger::subscriber_id.eq(person).and(ledger::brand_id.eq(brand));
    Ok(entries().filter(of_person).filter(ledger::id.gt(after).and(ledger::id.le(until))).load(conn)?)
}

/// All entries as they are read, in the order they were written.
#[diesel::dsl::auto_type]
fn entries() -> _ {
    ledger::table
        .inner_join(evidence::table)
        .inner_join(brand::table)
        .left_join(topic::table)
        .order(ledger::id)
        .select((
            ledger::id,
            brand::slug,
            topic::slug.nullable(),
            ledger::channel,
            ledger::permission,
            ledger::decision,
            ledger::basis,
            ledger::method,
            ledger::actor,
            ledger::at,
            evidence::form,
            evidence::wording,
            evidence::wording_sha256,
            evidence::shown,
            evidence::policy_version,
            evidence::language,
        ))
}
