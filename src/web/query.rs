//! What stands in an address after its question mark.

use actix_web::HttpRequest;

/// The first value of a name: empty where the name stands alone, none where it does not stand there.
pub fn value(request: &HttpRequest, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}
