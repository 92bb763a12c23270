//! Words: what pages and service mails say, in each language that the product speaks.
//!
//! The messages are Fluent files in `static/i18n`, one folder a language, built into the binary. A message is named
//! where it is said, `lang.say("save")`, and the tests hold every name and its arguments against all four languages.
//! What a brand wrote itself (names of topics, its consent wording) is said as it was written.

pub mod country;
mod format;
mod message;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

use crate::clock::Moment;

pub use format::in_groups;
pub use message::{Argument, Markup, Message, Saying, Value};

/// A language that the product speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// British English: what is spoken where nothing else is known.
    #[default]
    English,
    /// Welsh.
    Welsh,
    /// German.
    German,
    /// French.
    French,
}

impl Lang {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::English, Self::Welsh, Self::German, Self::French];

    /// The tag of BCP 47, as in `lang` and `Content-Language`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en-GB",
            Self::Welsh => "cy",
            Self::German => "de",
            Self::French => "fr",
        }
    }

    /// The tags that can be chosen, in words: `en-GB, cy, de and fr`.
    pub fn choices() -> String {
        let tags = Self::ALL.map(Self::tag);
        match tags.split_last() {
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => String::new(),
        }
    }

    /// Its name in itself, as a person who reads only that looks for it.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Welsh => "Cymraeg",
            Self::German => "Deutsch",
            Self::French => "Français",
        }
    }

    /// The direction of its script, for the attribute `dir`: `ltr` or `rtl`.
    pub const fn direction(self) -> &'static str {
        match self {
            Self::English | Self::Welsh | Self::German | Self::French => "ltr",
        }
    }

    /// The language of a tag, whatever its region: `de-AT` is German. None where we do not speak it.
    pub fn read(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        let speaks =
            |lang: &Self| lang.tag().split('-').next().is_some_and(|own| own.eq_ignore_ascii_case(primary));
        Self::ALL.into_iter().find(speaks)
    }

    /// A message as text.
    pub fn say(self, id: &'static str) -> Saying {
        Saying::new(self, Message::new(id))
    }

    /// A message that has markup of its own. What is put into it is escaped.
    pub fn html(self, id: &'static str) -> Markup {
        Markup::new(self, id)
    }

    /// A day of the calendar in UTC, as one reads it: `3 May 2026`, `3. Mai 2026`.
    pub fn day(self, moment: Moment) -> String {
        let (year, month, day) = moment.date();
        // A year has no separator for thousands.
        let day = self.say("day").with("day", day).with("month", month).with("year", year.to_string());
        day.to_string()
    }

    /// A day with its time, to the minute: `3 May 2026, 14:05 UTC`.
    pub fn time(self, moment: Moment) -> String {
        format!("{}, {} UTC", self.day(moment), moment.time_of_day())
    }

    fn format(self, id: &str, args: &FluentArgs<'_>) -> String {
        let bundle = &BUNDLES[self as usize];
        let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
            // The tests know every message that is said; a name is better than nothing.
            return id.to_owned();
        };
        bundle.format_pattern(pattern, Some(args), &mut Vec::new()).into_owned()
    }
}

type Bundle = FluentBundle<FluentResource>;

/// The files of one language: what is said on pages, what in mails, what both say, and what is said where people come in and
/// about their data.
const FILES: [(Lang, [&str; 5]); 4] = [
    (
        Lang::English,
        [
            include_str!("../../static/i18n/en/common.ftl"),
            include_str!("../../static/i18n/en/pages.ftl"),
            include_str!("../../static/i18n/en/mails.ftl"),
            include_str!("../../static/i18n/en/sign_up.ftl"),
            include_str!("../../static/i18n/en/data.ftl"),
        ],
    ),
    (
        Lang::Welsh,
        [
            include_str!("../../static/i18n/cy/common.ftl"),
            include_str!("../../static/i18n/cy/pages.ftl"),
            include_str!("../../static/i18n/cy/mails.ftl"),
            include_str!("../../static/i18n/cy/sign_up.ftl"),
            include_str!("../../static/i18n/cy/data.ftl"),
        ],
    ),
    (
        Lang::German,
        [
            include_str!("../../static/i18n/de/common.ftl"),
            include_str!("../../static/i18n/de/pages.ftl"),
            include_str!("../../static/i18n/de/mails.ftl"),
            include_str!("../../static/i18n/de/sign_up.ftl"),
            include_str!("../../static/i18n/de/data.ftl"),
        ],
    ),
    (
        Lang::French,
        [
            include_str!("../../static/i18n/fr/common.ftl"),
            include_str!("../../static/i18n/fr/pages.ftl"),
            include_str!("../../static/i18n/fr/mails.ftl"),
            include_str!("../../static/i18n/fr/sign_up.ftl"),
            include_str!("../../static/i18n/fr/data.ftl"),
        ],
    ),
];

/// Each language's messages, in the order of [`Lang`].
static BUNDLES: LazyLock<[Bundle; 4]> = LazyLock::new(|| {
    FILES.map(|(lang, files)| {
        // Every tag of ours can be read; the root language has no plurals.
        let tag: LanguageIdentifier = lang.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Marks around each value would end up inside of links; where a name is shown, markup isolates it.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(format::numbers_of(lang)));
        for file in files {
            // The tests read every file without a fault; what can be read of one is better than nothing.
            let resource = FluentResource::try_new(file.to_owned()).unwrap_or_else(|(readable, _)| readable);
            bundle.add_resource_overriding(resource);
        }
        bundle
    })
});
