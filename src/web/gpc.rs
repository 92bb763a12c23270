//! The browser's own word: `Sec-GPC` and `DNT` ask that nothing be recorded (O-17). It counts for this one request
//! and never changes what a person answered.

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderMap, HeaderName};

/// The names under which a browser asks.
static NAMES: [HeaderName; 2] = [HeaderName::from_static("sec-gpc"), HeaderName::from_static("dnt")];

/// Whether a request asks that nothing be recorded: `Sec-GPC` or `DNT` with exactly the value `1`, any one of
/// several. Everything else says nothing.
pub fn asks_not_to_be_tracked(headers: &HeaderMap) -> bool {
    NAMES.iter().any(|name| {
        headers.get_all(name).any(|value| {
            // Several lines of one name may arrive joined by commas (RFC 9110, section 5.2).
            value.as_bytes().split(|octet| *octet == b',').any(|one| one.trim_ascii() == b"1")
        })
    })
}

/// `GET /.well-known/gpc.json`: says that this server keeps to it.
pub async fn support() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(r#"{"gpc":true,"lastUpdate":"2026-11-21"}"#)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn only_a_one_counts_and_one_of_several_is_enough() {
        let asks = |name: &'static str, values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            asks_not_to_be_tracked(&headers)
        };
        for name in ["sec-gpc", "dnt"] {
            for yes in [&["1"][..], &["1, 1"], &["0", "1"], &["0,1"]] {
                assert!(asks(name, yes), "{name}: {yes:?}");
            }
            for no in [&[][..], &["0"], &["true"], &["11"], &[""], &["?1"], &["\"1\""]] {
                assert!(!asks(name, no), "{name}: {no:?}");
            }
        }
    }
}
