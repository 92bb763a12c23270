//! Preferences: what a person sees and changes of their own choices, and the one click that ends them.
//!
//! A box that was not shown is left as it was. Every change goes through consent, which writes the ledger.

pub mod act;
mod named;
mod pause;
mod posted;
pub mod reason;
pub mod receipt;
mod save;
mod standing;
mod stands;
pub mod undo;
mod unsubscribe;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::audience::{Subscriber, subscriber};
use crate::domain::catalog::topic::Topic;
use crate::domain::catalog::{Channel, brand, topic};
use crate::domain::consent::brand_choice::{self, BrandChoice};
use crate::domain::consent::ledger::ShownBox;
use crate::domain::consent::opt_in::State;
use crate::domain::consent::permission::{Kind, Permission};
use crate::domain::consent::{ledger, objection, opt_in, permission};
use crate::domain::intake::topic_item;
use crate::error::{Error, Result};
use crate::i18n::Lang;

pub use pause::{end_pause, pause, pause_wording, resume_wording};
pub use posted::{Posted, Start};
pub use save::{
    Changes, Screen, at_most_wording, at_most_words, choose_nothing, save, stop_everything, stop_wording,
};
pub use unsubscribe::{Unsubscribed, Way, unsubscribe, unsubscribe_scope};

/// The permissions that the preference page asks for, in its order.
pub const ASKED: [Kind; 3] = [Kind::Opens, Kind::Clicks, Kind::Profiling];

/// What a person has chosen at a brand, and could choose.
#[derive(Debug, Clone)]
pub struct Preferences {
    /// The person.
    pub person: Subscriber,
    /// The brand.
    pub brand: brand::Brand,
    /// Every topic of the brand.
    pub topics: Vec<TopicAnswers>,
    /// What they answered to each of [`ASKED`]; none if never asked.
    pub permissions: Vec<(Kind, Option<Permission>)>,
    /// A pause that is not over, and how often the brand may write at most.
    pub choice: BrandChoice,
    /// The other brands that deal with the person, by name.
    pub elsewhere: Vec<brand::Brand>,
}

/// A topic, with the present answer for each way it comes. Never asked is none.
#[derive(Debug, Clone)]
pub struct TopicAnswers {
    /// The topic.
    pub topic: Topic,
    /// The channels it offers, and those that it no longer offers but the person still has.
    pub answers: Vec<(Channel, Option<State>)>,
}

/// A topic on a channel, in words: "Newsletter by email".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The topic's name.
    pub topic: String,
    /// How it comes.
    pub channel: Channel,
    /// Communication or subject.
    pub kind: topic::Kind,
}

impl Choice {
    /// The words for it.
    pub fn say(&self, lang: Lang) -> String {
        topic_item(lang, &self.topic, self.channel).to_string()
    }
}

/// Loads a person's choices at a brand.
///
/// # Errors
/// [`Error::NotFound`] if there is no such brand or person, or the person was erased.
pub fn load(conn: &mut DbConnection, brand: i64, person: i64, now: Moment) -> Result<Preferences> {
    let person = subscriber::get(conn, person)?;
    if person.erased_at.is_some() {
        return Err(Error::NotFound("subscriber"));
    }
    let brand = brand::get(conn, brand)?;
    let opt_ins = opt_in::of_subscriber(conn, person.id)?;
    let objects = objection::stands(conn, person.id, brand.id)?;
    let answer = |topic: i64, channel: Channel| {
        let found = opt_ins.iter().find(|o| o.topic_id == topic && o.channel == channel)?;
        // What has lapsed or was objected to is shown as an empty box, which can be ticked anew.
        let holds = found.holds(brand.refresh_consents_before, now) && !objection::covers(objects, found);
        let lapsed = found.state == State::Granted && !holds;
        (!lapsed).then_some(found.state)
    };
    let topics = topic::of_brand(conn, brand.id)?
        .into_iter()
        .map(|topic| TopicAnswers {
            answers: Channel::ALL
                .iter()
                .map(|channel| (*channel, answer(topic.id, *channel)))
                .filter(|(channel, state)| {
                    // A box that could bring nothing would promise too much.
                    let can_come = topic.offers(*channel) && person.address_by(*channel).is_some();
                    can_come || *state == Some(State::Granted)
                })
                .collect(),
            topic,
        })
        .collect();
    let mut permissions = Vec::with_capacity(ASKED.len());
    for kind in ASKED {
        permissions.push((kind, permission::find(conn, person.id, brand.id, kind)?));
    }
    let mut choice = brand_choice::find(conn, person.id, brand.id)?;
    choice.paused_until = choice.pause(now);
    let elsewhere = known_elsewhere(conn, &person, brand.id)?;
    Ok(Preferences { person, brand, topics, permissions, choice, elsewhere })
}

/// The other brands that the person ever agreed to something of.
fn known_elsewhere(conn: &mut DbConnection, person: &Subscriber, but: i64) -> Result<Vec<brand::Brand>> {
    let mut brands = Vec::new();
    for id in ledger::brands_agreed_to(conn, person.id)?.into_iter().filter(|id| *id != but) {
        brands.push(brand::get(conn, id)?);
    }
    brands.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(brands)
}

impl Preferences {
    /// Every box of the page, and whether it is ticked.
    pub fn boxes(&self) -> impl Iterator<Item = (&Topic, Channel, bool)> {
        self.topics.iter().flat_map(|TopicAnswers { topic, answers }| {
            answers.iter().map(move |(channel, state)| (topic, *channel, *state == Some(State::Granted)))
        })
    }

    /// The same for the ledger.
    fn shown_boxes(&self, lang: Lang) -> Vec<ShownBox> {
        let shown = self.boxes();
        shown.map(|(topic, channel, ticked)| ShownBox::of_topic(topic, channel, ticked, lang)).collect()
    }

    /// What is ticked: what the person gets now.
    pub fn ticked(&self) -> impl Iterator<Item = (&Topic, Channel)> {
        self.boxes().filter(|(.., ticked)| *ticked).map(|(topic, channel, _)| (topic, channel))
    }

    /// What the person lets us track.
    pub fn allowed(&self) -> impl Iterator<Item = Kind> {
        let granted = |answer: &Permission| answer.state == permission::State::Granted;
        let allowed = self.permissions.iter().filter(move |(_, answer)| answer.as_ref().is_some_and(granted));
        allowed.map(|(kind, _)| *kind)
    }

    /// What the person gets now, in words.
    pub fn running(&self) -> Vec<Choice> {
        let choice = |(topic, channel): (&Topic, Channel)| Choice {
            topic: topic.name.clone(),
            kind: topic.kind,
            channel,
        };
        self.ticked().map(choice).collect()
    }
}
