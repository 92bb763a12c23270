//! What several pages show alike: the brand and its topics.

use std::time::Duration;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::catalog::topic::Kind;
use crate::domain::catalog::{Brand, Channel, Topic, brand, look};
use crate::domain::consent::permission::Kind as PermissionKind;
use crate::domain::tracking::permission;
use crate::error::Result;
use crate::i18n::Lang;
use crate::secret::{hex, sha256};
use crate::web::page::{BoxState, BrandView, ChannelBox, TopicChoices, TopicGroup};

/// The brand, as the frame of a page shows it.
///
/// # Errors
/// Of the database.
pub fn brand_view(conn: &mut DbConnection, brand: &Brand) -> Result<BrandView> {
    Ok(BrandView {
        name: brand.name.clone(),
        slug: brand.slug.as_str().to_owned(),
        legal_name: brand.legal_name.clone(),
        registered_address: brand.registered_address.clone(),
        contact_email: brand.contact_email.as_str().to_owned(),
        policy_url: brand.policy_url.clone(),
        has_logo: brand::has_logo(conn, brand.id)?,
        style: Some(brand.style())
            .filter(|style| !style.is_empty())
            .map(|style| look::version(&style))
            .unwrap_or_default(),
        language: brand.lang(),
        is_inside: false,
    })
}

/// That use of a person's data is restricted since a moment and nothing is sent (GDPR Art. 18), as a sentence; empty if
/// it is not.
pub fn restricted(lang: Lang, since: Option<Moment>) -> String {
    since.map(|since| lang.say("restricted").with("day", lang.day(since)).to_string()).unwrap_or_default()
}

/// The topics by kind, each with its boxes; a kind without topics is left out.
pub fn topic_groups<'a>(
    lang: Lang,
    topics: impl IntoIterator<Item = (&'a Topic, Vec<(Channel, BoxState)>)>,
) -> Vec<TopicGroup> {
    let (mut communications, mut subjects) = (Vec::new(), Vec::new());
    for (topic, boxes) in topics {
        let slug = topic.slug.as_str();
        let boxes =
            boxes.into_iter().map(|(channel, state)| ChannelBox::new(lang, slug, channel.as_str(), state));
        let choices = TopicChoices {
            slug: slug.to_owned(),
            name: topic.name.clone(),
            description: topic.description.clone(),
            frequency_note: topic.frequency_note.clone(),
            example_url: topic.example_url.clone().unwrap_or_default(),
            sensitive: topic.sensitive,
            boxes: boxes.collect(),
        };
        match topic.kind {
            Kind::Communication => communications.push(choices),
            Kind::Subject => subjects.push(choices),
        }
    }
    let mut groups = [TopicGroup::communications(lang, communications), TopicGroup::subjects(lang, subjects)];
    // A channel's boxes stand below each other over all groups.
    let columns = groups.iter().map(|group| group.columns).max().unwrap_or(1);
    groups.iter_mut().for_each(|group| group.columns = columns);
    groups.into_iter().filter(|group| !group.topics.is_empty()).collect()
}

/// All that a person reads before they agree: the brand's sentence and the words beside the tracking boxes. `keep` is how
/// long hits are kept.
pub fn whole_wording(brand: &Brand, lang: Lang, keep: Duration) -> String {
    let [opens, clicks] = [PermissionKind::Opens, PermissionKind::Clicks];
    let told = |kind| permission::words(kind, lang, keep);
    [brand.consent_wording.clone(), told(opens), told(clicks)].join("\n\n")
}

/// What stands beside the boxes of these topics, whatever their order.
pub fn beside_boxes<'a>(topics: impl IntoIterator<Item = &'a Topic>, lang: Lang) -> String {
    let mut words: Vec<String> = topics.into_iter().map(|topic| topic.words(lang)).collect();
    words.sort_unstable();
    words.join("\n\n")
}

/// [`seen`] of the preference page, which asks for one permission more, and of the button that undoes what was done there.
pub fn seen_choices<'a>(
    brand: &Brand,
    topics: impl IntoIterator<Item = &'a Topic>,
    lang: Lang,
    keep: Duration,
) -> String {
    let profiling = permission::words(PermissionKind::Profiling, lang, keep);
    seen(brand, &[whole_wording(brand, lang, keep), profiling, beside_boxes(topics, lang)].join("\n\n"))
}

/// Stands for the words that are in force now, and the policy with them: a form that was opened under others posts
/// something else (L-02).
pub fn seen(brand: &Brand, words: &str) -> String {
    hex(&sha256([words, &brand.policy_version].join("\n\n").as_bytes()))
}
