//! A client without cookies that follows no redirect, and answers with what a test wants to look at.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::support::form::field;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The body, with U+FFFD for what is not UTF-8.
    pub(crate) text: String,
    /// The body.
    pub(crate) bytes: Vec<u8>,
    headers: reqwest::header::HeaderMap,
}

impl Answer {
    /// Sends a request; for the requests that have no verb of their own on the server.
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("the server should answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.expect("the answer should be whole").to_vec();
        Self { status, headers, text: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }

    /// Fails unless the status is this one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// A header; empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header of ASCII"))
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

/// What a form posts for the words that stand on its page.
pub(crate) fn seen(page: &str) -> &str {
    field(page, "seen")
}

/// The language that a page says it is in.
#[track_caller]
pub(crate) fn language(page: &str) -> &str {
    let after = page.split("<html lang=\"").nth(1).unwrap_or_else(|| panic!("no page:\n{page}"));
    after.split('"').next().unwrap_or_default()
}

/// Where the links of a page lead.
pub(crate) fn links(page: &str) -> impl Iterator<Item = &str> {
    page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next())
}

/// The first link of a page that has `part` in it.
#[track_caller]
pub(crate) fn link_to<'a>(page: &'a str, part: &str) -> &'a str {
    links(page).find(|link| link.contains(part)).unwrap_or_else(|| panic!("no link to {part}:\n{page}"))
}

/// The client that all tests use.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

/// The verb of this name.
pub(crate) fn method(name: &str) -> Method {
    name.parse().unwrap()
}
