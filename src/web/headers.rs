//! Security headers (SEC-01) for everything that does not bring its own, and the guard that lets `HEAD` in with `GET`.

use actix_web::guard::{Guard, fn_guard};
use actix_web::http::Method;
use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// Nothing but our own style sheet and pictures, no frames, and forms only to ourselves (SEC-01, SEC-02).
pub const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                                  base-uri 'none'; frame-ancestors 'none'";

static DEFAULTS: [(HeaderName, HeaderValue); 9] = [
    of("content-security-policy", CONTENT_POLICY),
    of("x-frame-options", "DENY"),
    of("referrer-policy", "no-referrer"),
    of("x-robots-tag", "noindex, nofollow, noarchive"),
    of("cache-control", "no-store"),
    of("x-content-type-options", "nosniff"),
    of("strict-transport-security", "max-age=31536000"),
    of("cross-origin-opener-policy", "same-origin"),
    of("cross-origin-resource-policy", "same-origin"),
];

const fn of(name: &'static str, value: &'static str) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// Lets a page run our own script; only a page that works without it asks for that.
pub fn allow_script(headers: &mut HeaderMap) {
    let policy = CONTENT_POLICY.replace("style-src", "script-src 'self'; style-src");
    // It is ASCII.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
}

/// Lets pages of these origins show an answer inside of theirs; nobody where there are none. `X-Frame-Options` could
/// name no origin, so it is left out where there are some: browsers that know `frame-ancestors` go by that alone (CSP
/// Level 3, section 7.7.1).
pub fn allow_frames(headers: &mut HeaderMap, origins: &[String]) {
    if origins.is_empty() {
        return;
    }
    let present = headers.get(CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let policy = present
        .unwrap_or(CONTENT_POLICY)
        .replace("frame-ancestors 'none'", &format!("frame-ancestors {}", origins.join(" ")));
    // The origins were checked when they were saved; without the header the default one keeps everybody out.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
}

/// Whether some other page may show the answer inside of its own.
fn may_be_framed(headers: &HeaderMap) -> bool {
    let policy = headers.get(CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    policy.is_some_and(|policy| {
        policy.contains("frame-ancestors") && !policy.contains("frame-ancestors 'none'")
    })
}

/// Adds each header that an answer does not carry yet. What brings its own `nosniff` brings all that it needs: the pixel,
/// which is fetched so often that each octet counts, and which nobody reads as a document (O-11).
pub fn secure(headers: &mut HeaderMap) {
    if headers.contains_key(X_CONTENT_TYPE_OPTIONS) {
        return;
    }
    let framed = may_be_framed(headers);
    for (name, value) in &DEFAULTS {
        let is_contrary = framed && *name == X_FRAME_OPTIONS;
        if !is_contrary && !headers.contains_key(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
}

/// `GET`, and `HEAD` which is `GET` without the body (RFC 9110, section 9.3.2).
pub fn get_or_head() -> impl Guard {
    fn_guard(|context| context.head().method == Method::GET || context.head().method == Method::HEAD)
}
