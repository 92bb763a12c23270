//! The demo's pages: where to look, the mails as received, and links to the reports. A real server does not have them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::app::App;
use crate::domain::campaign::{State, in_states};
use crate::domain::catalog::brand;
use crate::error::{Error, Result};
use crate::mail::read::Received;
use crate::web::page::{
    DemoHomePage, DemoMail, DemoMailListPage, DemoMailPage, DemoReportListPage, Fact, Link, TextPiece,
    find_links,
};
use crate::web::problem::{PageError, page};
use crate::web::report::link;

/// Mails on a page of the list.
const PAGE: usize = 50;

/// A letter may bring its own styles and the pictures of this server, and nothing that runs.
const LETTER_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'none'; \
                             base-uri 'none'; frame-ancestors 'none'";

/// `GET /demo`: where to look.
pub async fn home(app: web::Data<App>) -> Result<HttpResponse, PageError> {
    let folder = folder(&app)?;
    let mut links = blocking(move || preference_link(&folder)).await?.map_or_else(Vec::new, |url| {
        vec![Link::new(url, "One person's preference page", "What they agreed to, and how they change it")]
    });
    links.extend([
        Link::new("/demo/mail", "The mails", "As they were received, with links that work"),
        Link::new(
            "/demo/report",
            "The reports",
            "Who got a campaign, who did not and why, and what was counted",
        ),
        Link::new(
            "/b/civic/archive",
            "The archive of letters",
            "What was sent, for all to read, with a feed",
        ),
        Link::new(
            "/b/civic/privacy",
            "The privacy notice",
            "By version, with the day from which each is in force",
        ),
        Link::new("/", "The server's front page", "With the sign-up forms of both brands"),
        Link::new("/api/docs", "The API documentation", "For programs that manage brands and campaigns"),
    ]);
    page(&DemoHomePage { links })
}

/// The preference page of one person who got a mail, and who can be shown more if they allowed opens to be counted.
///
/// # Errors
/// If the folder cannot be read.
pub fn preference_link(folder: &Path) -> Result<Option<String>> {
    let (mails, _) = read_list(folder, 0)?;
    let mut best = None;
    for mail in mails {
        let received = Received::read(&fs::read(folder.join(&mail.name))?).unwrap_or_default();
        let link = find_links(&received.text).into_iter().find_map(|piece| match piece {
            TextPiece::Url(url) if url.contains("/p/") => Some(url),
            _ => None,
        });
        if link.is_some() && received.html.contains("/o/") {
            return Ok(link);
        }
        best = best.or(link);
    }
    Ok(best)
}

/// `GET /demo/report`: the campaigns that left the desk, each with a link to its report.
pub async fn reports(app: web::Data<App>) -> Result<HttpResponse, PageError> {
    let begun = [State::Planning, State::Sending, State::Paused, State::Cancelled, State::Sent];
    let (keys, now) = (app.keys.clone(), app.clock.now());
    let links = app
        .db
        .read(move |conn| {
            let newest = in_states(conn, &begun)?.into_iter().rev();
            let links = newest.map(|campaign| {
                let hint = campaign.planned_at.map_or_else(String::new, |at| at.to_day());
                let address = link(&keys, &brand::get(conn, campaign.brand_id)?, &campaign, now);
                Ok(Link::new(address.url, campaign.name, hint))
            });
            links.collect::<Result<Vec<_>>>()
        })
        .await?;
    page(&DemoReportListPage { links })
}

/// Where a page of the list begins.
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    from: usize,
}

/// `GET /demo/mail`: the mails, newest first.
pub async fn list(app: web::Data<App>, query: web::Query<ListQuery>) -> Result<HttpResponse, PageError> {
    let (folder, from) = (folder(&app)?, query.from);
    let (mails, total) = blocking(move || read_list(&folder, from)).await?;
    let next = from.saturating_add(mails.len());
    let next_url = if next < total { format!("/demo/mail?from={next}") } else { String::new() };
    page(&DemoMailListPage { mails, total, next_url })
}

/// `GET /demo/mail/{name}`: one mail with its headers and its text.
pub async fn show(app: web::Data<App>, name: web::Path<String>) -> Result<HttpResponse, PageError> {
    let name = name.into_inner();
    let (_, received) = open(&app, &name).await?;
    page(&DemoMailPage {
        headers: received.headers.iter().map(|(name, value)| Fact::new(name, value)).collect(),
        text: find_links(&received.text),
        html_url: if received.html.is_empty() { String::new() } else { format!("/demo/mail/{name}/html") },
        raw_url: format!("/demo/mail/{name}/raw"),
        list_url: String::from("/demo/mail"),
        subject: received.subject,
    })
}

/// `GET /demo/mail/{name}/html`: the HTML part, as a mail program shows it when pictures are on.
pub async fn html(app: web::Data<App>, name: web::Path<String>) -> Result<HttpResponse, PageError> {
    let (_, received) = open(&app, &name).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_SECURITY_POLICY, LETTER_POLICY))
        .body(received.html))
}

/// `GET /demo/mail/{name}/raw`: the file.
pub async fn raw(app: web::Data<App>, name: web::Path<String>) -> Result<HttpResponse, PageError> {
    let (bytes, _) = open(&app, &name).await?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; charset=utf-8")).body(bytes))
}

fn folder(app: &App) -> Result<PathBuf> {
    app.options.demo_mail.clone().ok_or(Error::NotFound("page"))
}

async fn open(app: &App, name: &str) -> Result<(Vec<u8>, Received)> {
    let path = folder(app)?.join(file_name(name)?);
    blocking(move || {
        let bytes = fs::read(path).map_err(|_| Error::NotFound("mail"))?;
        let received = Received::read(&bytes).ok_or(Error::NotFound("mail"))?;
        Ok((bytes, received))
    })
    .await
}

/// A name that stands for a file in the folder and can stand for nothing else.
fn file_name(name: &str) -> Result<&str> {
    let stem = name.strip_suffix(".eml").ok_or(Error::NotFound("mail"))?;
    let fits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    let fits = stem.split('.').all(|part| !part.is_empty() && part.bytes().all(fits));
    if fits && name.len() <= 200 { Ok(name) } else { Err(Error::NotFound("mail")) }
}

fn read_list(folder: &Path, from: usize) -> Result<(Vec<DemoMail>, usize)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if file_name(&name).is_ok() {
            let about = entry.metadata()?;
            files.push((about.modified().unwrap_or(SystemTime::UNIX_EPOCH), name, about.len()));
        }
    }
    files.sort_unstable_by(|one, other| other.cmp(one));
    let total = files.len();
    let mut mails = Vec::new();
    for (_, name, size) in files.into_iter().skip(from).take(PAGE) {
        let received = Received::read(&fs::read(folder.join(&name))?).unwrap_or_default();
        mails.push(DemoMail {
            url: format!("/demo/mail/{name}"),
            to: received.header("To").to_owned(),
            from: received.header("From").to_owned(),
            size: format!("{} KB", size.div_ceil(1024)),
            subject: received.subject,
            name,
        });
    }
    Ok((mails, total))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    web::block(work).await.map_err(Error::internal)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_only_stand_for_a_mail_in_the_folder() {
        for name in ["abc-1.eml", "abc_1.2.eml"] {
            assert_eq!(file_name(name).unwrap(), name);
        }
        let long = format!("{}.eml", "a".repeat(300));
        for name in [
            "", ".eml", "..eml", "../a.eml", "a/b.eml", "a\\b.eml", ".a.eml", "a.db", "a%2f.eml", "a\0.eml",
            &long,
        ] {
            assert!(file_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn the_list_has_the_mails_of_the_folder_and_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.eml", "b.eml", ".c.eml.part", "notes.txt"] {
            fs::write(folder.path().join(name), "To: ana@example.com\r\nSubject: Hello\r\n\r\nHello\r\n")
                .unwrap();
        }
        let (mails, total) = read_list(folder.path(), 0).unwrap();
        assert_eq!((mails.len(), total), (2, 2));
        assert_eq!((mails[0].subject.as_str(), mails[0].to.as_str()), ("Hello", "ana@example.com"));
        assert!(read_list(folder.path(), 2).unwrap().0.is_empty());
    }
}
