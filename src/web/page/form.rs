//! The parts that forms share: the boxes for topics by channel, the boxes for tracking, the text fields.
//!
//! Names in a posted form: `choice` holds what was ticked and `shown` what was there to be ticked, both as
//! `{topic-slug}:{channel}`; `permission` and `shown_permission` hold `opens` or `clicks`. So a box that
//! was not shown can be left as it was. Where boxes show what is stored, the two names with `shown` come once, with all
//! boxes in one value, and say how each started: `newsletter:email:on:post:off transport:email:off`, `opens:on clicks:off`.
//! `seen` stands for the words that were read.

use crate::error::Problem;
use crate::i18n::{Lang, Saying, country};

/// The present answer about one channel of a topic, as a page shows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BoxState {
    /// Not agreed to: an empty box.
    #[default]
    Off,
    /// Agreed to: a ticked box. On the sign-up form only what the person has just ticked.
    On,
    /// Asked for and not confirmed yet: an empty box that says so.
    Pending,
}

/// One box: a topic on one channel.
#[derive(Debug, Clone)]
pub struct ChannelBox {
    /// The topic's slug.
    pub topic: String,
    /// `email`, `phone` or `post`.
    pub channel: String,
    /// The channel as people call it.
    pub label: String,
    /// The answer that it shows.
    pub state: BoxState,
    /// Whether it was ticked before anybody touched it.
    pub started: bool,
}

impl ChannelBox {
    /// A box of `topic` on `channel` (`email`, `phone` or `post`).
    pub fn new(lang: Lang, topic: impl Into<String>, channel: impl Into<String>, state: BoxState) -> Self {
        let channel = channel.into();
        let label = match channel.as_str() {
            "email" => lang.say("channel-email").to_string(),
            "phone" => lang.say("channel-phone").to_string(),
            "post" => lang.say("channel-post").to_string(),
            other => other.to_owned(),
        };
        Self { topic: topic.into(), channel, label, state, started: state == BoxState::On }
    }

    /// What a ticked box posts as `choice`, and every empty one of a sign-up form as `shown`.
    pub fn value(&self) -> String {
        format!("{}:{}", self.topic, self.channel)
    }

    /// Whether the box is ticked.
    pub fn ticked(&self) -> bool {
        self.state == BoxState::On
    }

    /// The same box, as the person left it: ticked or not.
    #[must_use]
    pub fn left(mut self, ticked: bool) -> Self {
        match (ticked, self.state) {
            (true, _) => self.state = BoxState::On,
            (false, BoxState::On) => self.state = BoxState::Off,
            (false, BoxState::Off | BoxState::Pending) => {}
        }
        self
    }

    /// What a box that shows what is stored adds to `shown`, ticked or not.
    fn start(&self) -> String {
        format!(":{}:{}", self.channel, if self.started { "on" } else { "off" })
    }

    /// The class that puts it into its channel's column; the first one needs none.
    pub fn column(&self) -> String {
        if self.channel == "email" { String::new() } else { format!(" {}", self.channel) }
    }

    /// Whether the person has asked for it and still has to confirm.
    pub fn pending(&self) -> bool {
        self.state == BoxState::Pending
    }

    /// The id of the note that it waits to be confirmed.
    pub fn pending_id(&self) -> String {
        format!("{}-{}-pending", self.topic, self.channel)
    }
}

/// A topic with a box for each channel that it offers.
#[derive(Debug, Clone)]
pub struct TopicChoices {
    /// The topic's slug.
    pub slug: String,
    /// The topic's name.
    pub name: String,
    /// One line about it; may be empty.
    pub description: String,
    /// How often it comes, in words; may be empty.
    pub frequency_note: String,
    /// Where an example of it is; may be empty.
    pub example_url: String,
    /// Whether choosing it may say something about a person's health, belief or life.
    pub sensitive: bool,
    /// The boxes, in the order email, phone, post.
    pub boxes: Vec<ChannelBox>,
}

impl TopicChoices {
    /// Whether there is anything to say about it besides its name.
    pub fn is_described(&self) -> bool {
        !self.description.is_empty()
            || self.sensitive
            || !self.frequency_note.is_empty()
            || !self.example_url.is_empty()
    }
}

/// The topics of one kind, under one legend.
#[derive(Debug, Clone)]
pub struct TopicGroup {
    /// The element's id: `communications` or `subjects`.
    pub id: &'static str,
    /// The question that the boxes answer.
    pub legend: String,
    /// How to answer it.
    pub hint: String,
    /// The topics.
    pub topics: Vec<TopicChoices>,
    /// How many columns the boxes take on a wide screen, so that each channel has its own.
    pub columns: usize,
}

impl TopicGroup {
    /// The kinds of communication.
    pub fn communications(lang: Lang, topics: Vec<TopicChoices>) -> Self {
        Self {
            id: "communications",
            legend: lang.say("communications-legend").to_string(),
            hint: lang.say("communications-hint").to_string(),
            columns: columns(&topics),
            topics,
        }
    }

    /// The subjects.
    pub fn subjects(lang: Lang, topics: Vec<TopicChoices>) -> Self {
        Self {
            id: "subjects",
            legend: lang.say("subjects-legend").to_string(),
            hint: lang.say("subjects-hint").to_string(),
            columns: columns(&topics),
            topics,
        }
    }
}

fn columns(topics: &[TopicChoices]) -> usize {
    let has = |channel| topics.iter().any(|t| t.boxes.iter().any(|b| b.channel == channel));
    if has("post") {
        3
    } else if has("phone") {
        2
    } else {
        1
    }
}

/// All boxes of a page that shows what is stored, and how each started: what `shown` posts.
pub(super) fn starts(groups: &[TopicGroup]) -> String {
    let topics = groups.iter().flat_map(|group| &group.topics).filter(|topic| !topic.boxes.is_empty());
    let starts = topics.map(|topic| {
        let boxes: String = topic.boxes.iter().map(ChannelBox::start).collect();
        format!("{}{boxes}", topic.slug)
    });
    starts.collect::<Vec<_>>().join(" ")
}

/// Whether any topic of these groups is offered on `channel`.
pub(super) fn offers(groups: &[TopicGroup], channel: &str) -> bool {
    groups.iter().flat_map(|g| &g.topics).flat_map(|t| &t.boxes).any(|b| b.channel == channel)
}

/// The present answer about one kind of tracking.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PermissionView {
    /// Never asked, which means no.
    #[default]
    NeverAsked,
    /// Allowed, since a day as people read it.
    Granted(String),
    /// Refused, since a day as people read it.
    Refused(String),
}

impl PermissionView {
    /// The answer, as a sentence.
    fn say(&self, lang: Lang) -> String {
        match self {
            Self::NeverAsked => lang.say("stored-never").to_string(),
            Self::Granted(since) => lang.say("stored-granted").with("since", since).to_string(),
            Self::Refused(since) => lang.say("stored-refused").with("since", since).to_string(),
        }
    }
}

/// One answer of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Radio {
    /// The name in the posted form.
    pub name: &'static str,
    /// What it posts.
    pub value: String,
    /// What it says.
    pub label: String,
    /// Whether it is the stored answer.
    pub checked: bool,
}

/// The box for one kind of tracking.
#[derive(Debug, Clone)]
pub struct PermissionBox {
    /// `opens`, `clicks` or `profiling`.
    pub kind: &'static str,
    /// What ticking it means, word for word as the ledger keeps it.
    pub wording: String,
    /// Whether the box is ticked: what is stored, or what the person has just posted.
    pub ticked: bool,
    /// What is stored now, as a sentence.
    pub stored: String,
    /// Whether it is granted as it is stored.
    pub granted: bool,
}

impl PermissionBox {
    /// The box for a kind of tracking, unticked and never asked.
    pub fn unasked(lang: Lang, kind: &'static str, wording: String) -> Self {
        let stored = PermissionView::NeverAsked.say(lang);
        Self { kind, wording, ticked: false, stored, granted: false }
    }

    /// The same box, showing what is stored.
    #[must_use]
    pub fn with_state(mut self, lang: Lang, state: &PermissionView) -> Self {
        self.granted = matches!(state, PermissionView::Granted(_));
        self.ticked = self.granted;
        self.stored = state.say(lang);
        self
    }

    /// What a box that shows what is stored adds to `shown_permission`, ticked or not: how it started. `emptied` is
    /// shown empty whatever is stored, because the browser asks not to be tracked (`gpc`).
    fn start(&self, gpc: bool) -> String {
        let start = match (gpc, self.granted) {
            (true, _) => "emptied",
            (false, true) => "on",
            (false, false) => "off",
        };
        format!("{}:{start}", self.kind)
    }
}

/// All boxes for tracking of a page that shows what is stored, and how each started: what `shown_permission` posts.
pub(super) fn permission_starts(permissions: &[PermissionBox], gpc: bool) -> String {
    permissions.iter().map(|permission| permission.start(gpc)).collect::<Vec<_>>().join(" ")
}

/// A field to type into, with its label and its purpose.
#[derive(Debug, Clone)]
pub struct TextField {
    /// The name in the posted form, and the element's id.
    pub name: &'static str,
    /// The label.
    pub label: String,
    /// One line that says what we need it for.
    pub hint: String,
    /// The same in the brand's own words, which come first; empty where it has none.
    pub purpose: String,
    /// The attribute that names the language of those words, where the page has another.
    pub purpose_lang: String,
    /// The type of the input; `textarea` for more than one line.
    pub kind: &'static str,
    /// The purpose of the field for browsers that fill it in (WCAG 2.2, 1.3.5).
    pub autocomplete: &'static str,
    /// The channel without which nobody needs it: `phone` or `post`; empty where it does not depend on any.
    pub channel: &'static str,
    /// Whether the form can be sent without it.
    pub required: bool,
    /// What was typed.
    pub value: String,
    /// What is wrong with it; empty if nothing is.
    pub error: String,
}

impl TextField {
    /// An optional field of one line.
    pub(super) fn text(name: &'static str, label: Saying, autocomplete: &'static str) -> Self {
        Self {
            name,
            label: label.to_string(),
            hint: String::new(),
            purpose: String::new(),
            purpose_lang: String::new(),
            kind: "text",
            autocomplete,
            channel: "",
            required: false,
            value: String::new(),
            error: String::new(),
        }
    }

    /// The telephone number; the hint says how to write it, too.
    pub(super) fn phone(lang: Lang, hint: Saying) -> Self {
        let field = Self::text("phone", lang.say("phone-label"), "tel");
        Self { kind: "tel", hint: with_format(lang, hint), ..field }
    }

    /// The country; `value` may be its code, and is shown as its name.
    pub(super) fn country(lang: Lang, hint: Saying, value: &str, problems: &[Problem]) -> Self {
        let name = country::code(value).and_then(|code| country::name(lang, code)).unwrap_or(value);
        let field = Self::text("country", lang.say("country-label"), "country").because(hint);
        field.filled(name, problems)
    }

    /// The address, the one thing that is needed.
    pub(super) fn email(lang: Lang, hint: Saying) -> Self {
        Self { kind: "email", required: true, ..Self::text("email", lang.say("email-label"), "email") }
            .because(hint)
    }

    /// The field with what we need it for.
    pub(super) fn because(mut self, hint: Saying) -> Self {
        self.hint = hint.to_string();
        self
    }

    /// Whether there is a line on what it is for.
    pub fn is_explained(&self) -> bool {
        !self.hint.is_empty() || !self.purpose.is_empty()
    }

    /// The ids of what describes the field to a screen reader.
    pub fn described_by(&self) -> String {
        match (!self.is_explained(), self.error.is_empty()) {
            (false, false) => format!("{0}-hint {0}-error", self.name),
            (false, true) => format!("{}-hint", self.name),
            (true, false) => format!("{}-error", self.name),
            (true, true) => String::new(),
        }
    }

    /// The field with what was typed, and with what `problems` say about it.
    pub(super) fn filled(mut self, value: &str, problems: &[Problem]) -> Self {
        self.value = value.to_owned();
        self.error =
            problems.iter().find(|p| p.field == self.name).map(|p| p.detail.clone()).unwrap_or_default();
        self
    }
}

/// What a number is needed for, and how to write it.
pub(super) fn with_format(lang: Lang, hint: Saying) -> String {
    format!("{hint} {}", lang.say("phone-format"))
}

/// One thing we hold about a person.
#[derive(Debug, Clone)]
pub struct Fact {
    /// What it is.
    pub label: String,
    /// The value.
    pub value: String,
}

/// What we hold that belongs together.
#[derive(Debug, Clone)]
pub struct FactGroup {
    /// What it is about.
    pub heading: String,
    /// The facts.
    pub facts: Vec<Fact>,
}

impl Fact {
    /// A fact.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into() }
    }
}
