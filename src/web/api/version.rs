//! Versions of what is read and replaced: a strong `ETag`, so that of two editors the second is told (RFC 9110,
//! section 13; API-02).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::secret::{hex, sha256};
use crate::web::api::Answer;

/// What a replacement may expect of what it replaces.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
pub struct Expectation {
    /// The `ETag` of what was read: replaced only if it is still the same.
    #[param(rename = "If-Match", value_type = Option<String>)]
    _if_match: (),
}

/// The version that the caller knows, if it says so.
pub struct Known {
    if_match: Option<String>,
    if_none_match: Option<String>,
}

impl FromRequest for Known {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = |name: HeaderName| {
            // What is not ASCII can be no tag of ours, and is one that does not match.
            request.headers().get(name).map(|value| value.to_str().unwrap_or_default().to_owned())
        };
        ready(Ok(Self { if_match: header(IF_MATCH), if_none_match: header(IF_NONE_MATCH) }))
    }
}

impl Known {
    /// Answers with what was read, or with 304 if the caller has it already.
    pub(super) fn answer(&self, body: &impl Serialize) -> Answer {
        let tag = tag(body)?;
        if self.if_none_match.as_deref().is_some_and(|known| names(known, &tag)) {
            return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
        }
        tagged(body)
    }

    /// Sees that what is to be replaced is what the caller knows, if it says so.
    ///
    /// # Errors
    /// [`Error::Stale`]; what `present` returns.
    pub(super) fn expect<T: Serialize>(&self, present: impl FnOnce() -> Result<T>) -> Result<()> {
        let Some(known) = &self.if_match else { return Ok(()) };
        let present = tag(&present()?)?;
        if names(known, &present) { Ok(()) } else { Err(Error::Stale) }
    }
}

/// Answers with a body and its version.
pub(super) fn tagged(body: &impl Serialize) -> Answer {
    let tag = tag(body)?;
    Ok(HttpResponse::Ok().insert_header((ETAG, tag)).json(body))
}

/// A strong tag: it changes with every octet of the answer.
fn tag(body: &impl Serialize) -> Result<String> {
    let hash = hex(&sha256(&serde_json::to_vec(body)?));
    Ok(format!("\"{}\"", &hash[..32]))
}

fn names(known: &str, tag: &str) -> bool {
    known.split(',').map(str::trim).any(|one| one == "*" || one == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(if_match: &str) -> Known {
        Known { if_match: Some(if_match.to_owned()), if_none_match: None }
    }

    #[test]
    fn a_replacement_goes_through_only_for_the_version_that_is_there() {
        let present = tag(&"first").unwrap();
        assert!(known(&present).expect(|| Ok("first")).is_ok());
        assert!(known(&format!("\"other\", {present}")).expect(|| Ok("first")).is_ok());
        assert!(known("*").expect(|| Ok("first")).is_ok());
        assert!(matches!(known(&present).expect(|| Ok("second")), Err(Error::Stale)));
        assert!(matches!(known("").expect(|| Ok("first")), Err(Error::Stale)));
    }
}
