//! What several pages show alike: the brand and its topics.

use crate::db::DbConnection;
use crate::domain::catalog::topic::Kind;
use crate::domain::catalog::{Brand, Channel, Topic, brand};
use crate::error::Result;
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
    })
}

/// The topics by kind, each box as `state` says; a kind without topics is left out.
pub fn topic_groups(topics: &[Topic], state: impl Fn(&Topic, Channel) -> BoxState) -> Vec<TopicGroup> {
    let choices = |kind: Kind| -> Vec<TopicChoices> {
        topics
            .iter()
            .filter(|topic| topic.kind == kind)
            .map(|topic| TopicChoices {
                slug: topic.slug.as_str().to_owned(),
                name: topic.name.clone(),
                description: topic.description.clone(),
                sensitive: topic.sensitive,
                boxes: topic
                    .channels()
                    .into_iter()
                    .map(|channel| {
                        ChannelBox::new(topic.slug.as_str(), channel.as_str(), state(topic, channel))
                    })
                    .collect(),
            })
            .collect()
    };
    [TopicGroup::communications(choices(Kind::Communication)), TopicGroup::subjects(choices(Kind::Subject))]
        .into_iter()
        .filter(|group| !group.topics.is_empty())
        .collect()
}
