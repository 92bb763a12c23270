//! `/b/{brand}/archive`: the letters of a brand that anybody may read, one of them, and their feed.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::app::App;
use crate::domain::campaign::archive::{self, Piece};
use crate::domain::catalog::brand;
use crate::error::Result;
use crate::id::{PublicId, Slug};
use crate::web::language::Spoken;
use crate::web::page::{ArchiveFeed, ArchivePage, ArchivedLetter, FeedEntry, LetterBar, Link, render};
use crate::web::problem::{PageError, page};
use crate::web::public::letter::{LetterQuery, letter_page};
use crate::web::public::view::brand_view;

/// No archive has more pages; nobody turns them.
const PAGES_MAX: u32 = 10_000;

/// Which page of the list.
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    /// From 1.
    #[serde(default)]
    page: Option<u32>,
}

/// `GET /b/{brand}/archive`: a page of the list.
///
/// # Errors
/// If there is no such brand.
pub async fn list(
    app: web::Data<App>,
    slug: web::Path<Slug>,
    spoken: Spoken,
    query: web::Query<ListQuery>,
) -> Result<HttpResponse, PageError> {
    let number = query.page.unwrap_or(1).clamp(1, PAGES_MAX);
    let ((pieces, has_next), brand) = app
        .db
        .read(move |conn| {
            let brand = brand::find(conn, slug.as_str())?;
            Ok((archive::list(conn, &brand, number - 1)?, brand_view(conn, &brand)?))
        })
        .await?;
    let lang = spoken.at(brand.language).to(None);
    let all = format!("/b/{}/archive", brand.slug);
    let turn = |to: u32| if to > 1 { format!("{all}?page={to}") } else { all.clone() };
    let letter = |piece: Piece| ArchivedLetter {
        href: format!("{all}/{}", piece.id),
        subject: piece.subject,
        day: lang.day(piece.sent_at),
        language: piece.language,
    };
    page(&ArchivePage {
        lang,
        letters: pieces.into_iter().map(letter).collect(),
        number,
        newer_url: if number > 1 { turn(number - 1) } else { String::new() },
        older_url: if has_next { turn(number + 1) } else { String::new() },
        brand,
    })
}

/// `GET /b/{brand}/archive/{campaign}`: one letter.
///
/// # Errors
/// If it is not in the brand's archive.
pub async fn show(
    app: web::Data<App>,
    path: web::Path<(Slug, PublicId)>,
    spoken: Spoken,
    query: web::Query<LetterQuery>,
) -> Result<HttpResponse, PageError> {
    let (slug, id) = path.into_inner();
    let (letter, brand) = app
        .db
        .read(move |conn| {
            let brand = brand::find(conn, slug.as_str())?;
            Ok((archive::letter(conn, &brand, id)?, brand))
        })
        .await?;
    let lang = spoken.at(brand.lang()).to(None);
    let to = |place: &str, text: String| Link::new(format!("/b/{}/{place}", brand.slug), text, "");
    let bar = LetterBar {
        lang,
        day: lang.day(letter.piece.sent_at),
        links: vec![
            to("archive", lang.say("archive-all").to_string()),
            to("sign-up", lang.say("archive-sign-up").to_string()),
        ],
        hosts: Vec::new(),
        shows_pictures: query.shows_pictures(),
        brand: brand.name.clone(),
    };
    letter_page(&letter.html, &letter.piece.subject, &brand.base_url, bar)
}

/// `GET /b/{brand}/archive.atom`: the newest letters as a feed, kept for five minutes, because programs ask often.
///
/// # Errors
/// If there is no such brand.
pub async fn feed(app: web::Data<App>, slug: web::Path<Slug>) -> Result<HttpResponse, PageError> {
    let ((pieces, _), brand) = app
        .db
        .read(move |conn| {
            let brand = brand::find(conn, slug.as_str())?;
            Ok((archive::list(conn, &brand, 0)?, brand))
        })
        .await?;
    let updated = pieces.first().map_or(brand.changed_at, |piece| piece.sent_at);
    let entry = |piece: Piece| FeedEntry {
        id: piece.id.to_string(),
        subject: piece.subject,
        at: piece.sent_at.to_string(),
        language: piece.language,
    };
    let feed = ArchiveFeed {
        lang: brand.lang(),
        slug: brand.slug.to_string(),
        updated: updated.to_string(),
        entries: pieces.into_iter().map(entry).collect(),
        brand: brand.name,
        base: brand.base_url,
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/atom+xml; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(render(&feed)?))
}
