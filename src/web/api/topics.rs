//! Topics of a brand: what people can opt in to.

use actix_web::web;
use serde::Serialize;

use crate::app::App;
use crate::domain::catalog::topic::{self, Kind, Topic, TopicForm};
use crate::domain::catalog::{Channel, brand};
use crate::domain::consent::opt_in;
use crate::id::Slug;
use crate::web::api::body::Body;
use crate::web::api::paging::Page;
use crate::web::api::{Answer, created, ok};

/// A topic.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Topic)]
pub struct TopicView {
    /// Its word in forms, imports and the API; one per brand.
    slug: Slug,
    /// Communication or subject.
    kind: Kind,
    /// What people read.
    name: String,
    /// One line on what it brings.
    description: String,
    /// Whether an interest in it can reveal something intimate.
    sensitive: bool,
    /// The channels it is offered on.
    channels: Vec<Channel>,
    /// Its place in lists; smaller first.
    position: i32,
    /// How often it comes, in words; may be empty.
    frequency_note: String,
    /// An example of it, to be read before one agrees.
    example_url: Option<String>,
}

impl From<Topic> for TopicView {
    fn from(topic: Topic) -> Self {
        Self {
            channels: topic.channels(),
            slug: topic.slug,
            kind: topic.kind,
            name: topic.name,
            description: topic.description,
            sensitive: topic.sensitive,
            position: topic.position,
            frequency_note: topic.frequency_note,
            example_url: topic.example_url,
        }
    }
}

/// List the topics of a brand
///
/// All of them at once: communications first, then subjects, each by position.
#[utoipa::path(get, path = "/api/v1/brands/{brand}/topics", operation_id = "list_topics", tag = "Topics",
    params(("brand" = Slug, Path, description = "The brand's slug")),
    responses((status = 200, description = "The topics", body = Page<TopicView>)))]
pub async fn list(app: web::Data<App>, slug: web::Path<Slug>) -> Answer {
    let topics = app
        .db
        .read(move |conn| {
            let brand = brand::find(conn, slug.as_str())?;
            topic::of_brand(conn, brand.id)
        })
        .await?;
    let items: Vec<TopicView> = topics.into_iter().map(TopicView::from).collect();
    ok(&Page { items, next: None })
}

/// Add a topic to a brand
///
/// Nobody is opted in to it.
#[utoipa::path(post, path = "/api/v1/brands/{brand}/topics", operation_id = "create_topic", tag = "Topics",
    params(("brand" = Slug, Path, description = "The brand's slug")), request_body = TopicForm,
    responses((status = 201, description = "The topic", body = TopicView),
        (status = 409, description = "The brand has a topic of this slug already")))]
pub async fn create(app: web::Data<App>, slug: web::Path<Slug>, form: Body<TopicForm>) -> Answer {
    let brand_word = slug.into_inner();
    let location = format!("/api/v1/brands/{brand_word}/topics/{}", form.0.slug);
    let topic = app
        .db
        .write(move |conn| {
            let brand = brand::find(conn, brand_word.as_str())?;
            topic::create(conn, brand.id, &form.0)
        })
        .await?;
    created(&location, &TopicView::from(topic))
}

/// Get a topic
#[utoipa::path(get, path = "/api/v1/brands/{brand}/topics/{topic}", operation_id = "get_topic", tag = "Topics",
    params(("brand" = Slug, Path, description = "The brand's slug"), ("topic" = Slug, Path, description = "The topic's slug")),
    responses((status = 200, description = "The topic", body = TopicView)))]
pub async fn get(app: web::Data<App>, path: web::Path<(Slug, Slug)>) -> Answer {
    let (brand_word, topic_word) = path.into_inner();
    let topic = app
        .db
        .read(move |conn| {
            let brand = brand::find(conn, brand_word.as_str())?;
            topic::find(conn, brand.id, topic_word.as_str())
        })
        .await?;
    ok(&TopicView::from(topic))
}

/// Replace a topic
///
/// Its slug and kind stay as they are, because consent was given to them. What people agreed to before was kept with the
/// words that stood there then. A topic that anybody has agreed to cannot become sensitive: that needs a consent of its
/// own, and so a topic of its own.
#[utoipa::path(put, path = "/api/v1/brands/{brand}/topics/{topic}", operation_id = "replace_topic", tag = "Topics",
    params(("brand" = Slug, Path, description = "The brand's slug"), ("topic" = Slug, Path, description = "The topic's slug")),
    request_body = TopicForm, responses((status = 200, description = "The topic", body = TopicView),
        (status = 409, description = "It would become sensitive, and somebody has agreed to it")))]
pub async fn replace(app: web::Data<App>, path: web::Path<(Slug, Slug)>, form: Body<TopicForm>) -> Answer {
    let (brand_word, topic_word) = path.into_inner();
    let topic = app
        .db
        .write(move |conn| {
            let brand = brand::find(conn, brand_word.as_str())?;
            if form.0.sensitive {
                let existing = topic::find(conn, brand.id, topic_word.as_str())?;
                opt_in::may_become_sensitive(conn, &existing)?;
            }
            topic::replace(conn, brand.id, topic_word.as_str(), &form.0)
        })
        .await?;
    ok(&TopicView::from(topic))
}
