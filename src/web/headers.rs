//! Security headers (SEC-01) for everything that does not bring its own, and the guard that lets `HEAD` in with `GET`.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::guard::{Guard, fn_guard};
use actix_web::http::Method;
use actix_web::http::header::{CROSS_ORIGIN_RESOURCE_POLICY, HeaderName, HeaderValue};
use actix_web::middleware::Next;

/// Nothing but our own style sheet and pictures, no frames, and forms only to ourselves (SEC-01, SEC-02).
pub const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                                  base-uri 'none'; frame-ancestors 'none'";

const DEFAULTS: [(&str, &str); 9] = [
    ("content-security-policy", CONTENT_POLICY),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("x-robots-tag", "noindex, nofollow, noarchive"),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("strict-transport-security", "max-age=31536000"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Adds each header that the answer does not carry yet. What other sites may embed is a picture that nobody reads as a
/// document; it brings all that it needs (O-11).
///
/// # Errors
/// What the handler returns.
pub async fn secure<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    if headers.get(CROSS_ORIGIN_RESOURCE_POLICY).is_some_and(|policy| policy == "cross-origin") {
        return Ok(response);
    }
    for (name, value) in DEFAULTS {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    Ok(response)
}

/// `GET`, and `HEAD` which is `GET` without the body (RFC 9110, section 9.3.2).
pub fn get_or_head() -> impl Guard {
    fn_guard(|context| context.head().method == Method::GET || context.head().method == Method::HEAD)
}

/// Whether the request is a `HEAD`.
pub fn is_head(request: &actix_web::HttpRequest) -> bool {
    *request.method() == Method::HEAD
}
