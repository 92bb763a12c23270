//! Requests that ask not to be tracked: Global Privacy Control, and its predecessor Do Not Track (O-17).
//!
//! Such a request is served like any other and recorded nowhere. It changes no stored permission.

use actix_web::http::header::{CONTENT_TYPE, DNT, HeaderMap};
use actix_web::{HttpRequest, HttpResponse};

/// Whether the request says `Sec-GPC: 1` or `DNT: 1`, exactly; one such value among several is enough.
pub fn asks_not_to_be_tracked(request: &HttpRequest) -> bool {
    let headers = request.headers();
    says_one(headers, "sec-gpc") || says_one(headers, DNT.as_str())
}

fn says_one(headers: &HeaderMap, name: &str) -> bool {
    headers.get_all(name).any(|value| value.as_bytes().split(|b| *b == b',').any(|v| v.trim_ascii() == b"1"))
}

/// Says that this server honours Global Privacy Control, and since when it says so.
pub async fn support() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(r#"{"gpc":true,"lastUpdate":"2026-11-21"}"#)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_a_one_by_itself_is_an_objection() {
        let asks = |name: &'static str, value: &'static str| {
            asks_not_to_be_tracked(&TestRequest::get().insert_header((name, value)).to_http_request())
        };
        for name in ["Sec-GPC", "DNT"] {
            for value in ["1", "1, 1", "0,1", " 1 "] {
                assert!(asks(name, value), "{name}: {value}");
            }
            for value in ["0", "", "11", "true", "?1", "1;a", "01"] {
                assert!(!asks(name, value), "{name}: {value}");
            }
        }
        assert!(!asks_not_to_be_tracked(&TestRequest::get().to_http_request()));
    }

    #[test]
    fn one_of_two_header_lines_is_enough() {
        let request = TestRequest::get().append_header(("Sec-GPC", "0")).append_header(("Sec-GPC", "1"));
        assert!(asks_not_to_be_tracked(&request.to_http_request()));
    }
}
