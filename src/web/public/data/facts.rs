//! What is held about a person, in the words of their page.

use crate::domain::audience::source;
use crate::domain::consent::opt_in::State;
use crate::domain::consent::permission::State as PermissionState;
use crate::domain::intake::{permission_item, topic_item};
use crate::domain::preferences::{self, act};
use crate::domain::privacy::export::{ActCopy, ChoiceCopy, Export};
use crate::i18n::{Lang, Saying, country};
use crate::web::page::{Fact, FactGroup};

/// So many of the acts are on the page itself.
const ACTS_SHOWN: usize = 10;

/// What is held, by what it is about; what there is none of is left out.
pub(super) fn groups(held: &Export, lang: Lang) -> Vec<FactGroup> {
    let counted = [
        (lang.say("fact-decisions"), held.ledger.len()),
        (lang.say("fact-acts"), held.acts.len()),
        (lang.say("fact-deliveries"), held.deliveries.len()),
        (lang.say("fact-hits"), held.hits.len()),
        (lang.say("fact-service-mail"), held.service_mail.len()),
        (lang.say("fact-suppressions"), held.suppressions.len()),
    ];
    let counted = counted.into_iter().filter(|(_, count)| *count > 0);
    let counted = counted.map(|(label, count)| {
        Fact::new(label.to_string(), lang.say("fact-count").with("count", count).to_string())
    });
    [
        (lang.say("about-you"), person(held, lang)),
        (lang.say("data-answers"), choices(held, lang)),
        (lang.say("data-acts"), acts(held, lang)),
        (lang.say("data-counts"), counted.collect()),
    ]
    .into_iter()
    .filter(|(_, facts)| !facts.is_empty())
    .map(|(heading, facts)| FactGroup { heading: heading.to_string(), facts })
    .collect()
}

/// Who the person is, and where we have it from.
fn person(held: &Export, lang: Lang) -> Vec<Fact> {
    let person = &held.person;
    let country = person.country.as_deref().map(|code| country::name(lang, code).unwrap_or(code).to_owned());
    let language = person.locale.as_deref();
    let language =
        language.map(|tag| Lang::read(tag).map_or_else(|| tag.to_owned(), |lang| lang.own_name().to_owned()));
    let mut facts: Vec<Fact> = [
        (lang.say("first-name-label"), &person.first_name),
        (lang.say("last-name-label"), &person.last_name),
        (lang.say("company-label"), &person.company),
        (lang.say("phone-label"), &person.phone),
        (lang.say("post-label"), &person.postal_address),
        (lang.say("country-label"), &country),
        (lang.say("fact-language"), &language),
    ]
    .into_iter()
    .filter_map(|(label, value)| Some(Fact::new(label.to_string(), value.clone()?)))
    .collect();
    facts.extend(person.attributes.iter().map(|(name, value)| Fact::new(name.replace('_', " "), value)));
    let source = match held.source.kind {
        // Its name is ours, for programs.
        source::Kind::Form => lang.say("source-form").to_string(),
        _ => held.source.name.clone(),
    };
    facts.push(Fact::new(lang.say("fact-source").to_string(), source));
    if let Some(policy) = &held.source.policy_url {
        facts.push(Fact::new(lang.say("fact-source-policy").to_string(), policy.as_str()));
    }
    facts.push(Fact::new(lang.say("fact-held-since").to_string(), lang.day(person.created_at)));
    facts
}

/// What the person answered, at every brand.
fn choices(held: &Export, lang: Lang) -> Vec<Fact> {
    let of_brand = |brand: &str, what: Saying| {
        lang.say("fact-of-brand").with("brand", brand).with("what", what).to_string()
    };
    let opt_ins = held.opt_ins.iter().map(|opt_in| {
        let day = lang.day(opt_in.since);
        let state = match opt_in.state {
            State::Pending => lang.say("fact-pending").with("day", day),
            State::Granted => lang.say("fact-granted").with("day", day),
            State::Withdrawn => lang.say("fact-withdrawn").with("day", day),
        };
        Fact::new(of_brand(&opt_in.brand, topic_item(lang, &opt_in.topic, opt_in.channel)), state.to_string())
    });
    let permissions = held.permissions.iter().map(|permission| {
        let day = lang.day(permission.since);
        let state = match permission.state {
            PermissionState::Granted => lang.say("fact-granted").with("day", day),
            PermissionState::Refused => lang.say("fact-refused").with("day", day),
        };
        Fact::new(of_brand(&permission.brand, permission_item(lang, permission.kind)), state.to_string())
    });
    opt_ins.chain(permissions).chain(brand_choices(held, lang)).collect()
}

/// Pauses that are not over, and how often each brand may write at most.
fn brand_choices(held: &Export, lang: Lang) -> Vec<Fact> {
    let mut facts = Vec::new();
    for choice in &held.brand_choices {
        let of_brand =
            |what: Saying| lang.say("fact-of-brand").with("brand", &choice.brand).with("what", what);
        if let Some(until) = choice.paused_until.filter(|until| held.made_at < *until) {
            let label = of_brand(lang.say("pause-heading")).to_string();
            facts.push(Fact::new(label, lang.say("fact-paused").with("day", lang.day(until)).to_string()));
        }
        let label = of_brand(lang.say("fact-at-most")).to_string();
        facts.push(Fact::new(label, preferences::at_most_words(choice.at_most, lang)));
    }
    facts
}

/// What the person did on our pages: the newest first, and the rest in the copy.
fn acts(held: &Export, lang: Lang) -> Vec<Fact> {
    let newest = held.acts.iter().rev().take(ACTS_SHOWN);
    let fact = |act: &ActCopy| {
        let what = match act.kind {
            act::Kind::Saved => lang.say("did-saved"),
            act::Kind::Stopped => lang.say("did-stopped"),
            act::Kind::Paused => lang.say("did-paused"),
            act::Kind::Resumed => lang.say("did-resumed"),
            act::Kind::Unsubscribed => lang.say("did-unsubscribed"),
            act::Kind::Undone => lang.say("did-undone"),
        };
        let when = format!("{}, {} UTC", lang.day(act.at), act.at.time_of_day());
        let label = lang.say("fact-of-brand").with("brand", &act.brand).with("what", when).to_string();
        let topic = |choice: &ChoiceCopy| topic_item(lang, &choice.topic, choice.channel).to_string();
        let list = |choices: &[ChoiceCopy]| {
            (!choices.is_empty()).then(|| choices.iter().map(topic).collect::<Vec<_>>().join(", "))
        };
        let lines = [
            Some(what.to_string()),
            list(&act.granted).map(|topics| lang.say("did-agree").with("topics", topics).to_string()),
            list(&act.withdrawn).map(|topics| lang.say("did-end").with("topics", topics).to_string()),
        ];
        Fact::new(label, lines.into_iter().flatten().collect::<Vec<_>>().join("\n"))
    };
    newest.map(fact).collect()
}
