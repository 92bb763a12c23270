//! What both the pixel and the redirect do with a request that may count: look at it once, keep one word, record.

use std::net::IpAddr;
use std::sync::Once;

use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderName, REFERER, USER_AGENT};

use crate::app::App;
use crate::domain::tracking::Hit;
use crate::domain::tracking::glance::{Request, glance};
use crate::web::gpc::asks_not_to_be_tracked;
use crate::web::limit::client;

/// No user agent of a browser is longer; what is, is looked at so far.
const AGENT_MAX: usize = 1000;

/// What a request that runs ahead of a person says so with: as browsers send it, and as older ones did.
static AHEAD: [HeaderName; 4] = [
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("purpose"),
    HeaderName::from_static("x-purpose"),
    HeaderName::from_static("x-moz"),
];

/// Where a request stands to the page that made it.
static FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What proxies and content networks say for whom they ask with.
static FORWARDED: [HeaderName; 3] = [
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("forwarded"),
    HeaderName::from_static("cf-connecting-ip"),
];

/// Records the hit and waits as [`crate::domain::tracking::Recorder::record`] does. A `HEAD` and a browser that objects
/// are never recorded.
pub(super) async fn record(request: &RequestHead, app: &App, mut hit: Hit) {
    let headers = request.headers();
    if request.method != Method::GET || asks_not_to_be_tracked(headers) {
        return;
    }
    let client = network(request, app.options.behind_proxy);
    let seen = Request {
        kind: hit.kind(),
        agent: text(headers, &USER_AGENT).map(|agent| &agent[..agent.floor_char_boundary(AGENT_MAX)]),
        has_language: headers.contains_key(ACCEPT_LANGUAGE),
        runs_ahead: runs_ahead(headers),
        from_own_page: text(headers, &FETCH_SITE) == Some("same-origin"),
        referer_host: text(headers, &REFERER).and_then(host_of),
        client,
    };
    hit.sign = glance(&app.options.tracking.machines, &seen);
    if hit.sign.is_none()
        && let Some(client) = client
    {
        hit.sign = app.crowds.see(client, &hit);
    }
    app.recorder.record(hit).await;
}

/// Where a request came from, if that says anything. With a proxy in between that the operator did not name, everybody
/// seems to come from the proxy, and people would be taken for a crowd: then nobody's network is looked at.
fn network(request: &RequestHead, behind_proxy: bool) -> Option<IpAddr> {
    static SAID: Once = Once::new();
    if !behind_proxy && FORWARDED.iter().any(|name| request.headers().contains_key(name)) {
        SAID.call_once(|| {
            tracing::warn!(
                "requests come through a proxy; without --behind-proxy nobody knows from which networks, and opens and \
                 clicks are judged without them"
            );
        });
        return None;
    }
    client(request, behind_proxy)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a request says that it runs ahead.
fn runs_ahead(headers: &HeaderMap) -> bool {
    AHEAD.iter().any(|name| {
        text(headers, name).is_some_and(|value| {
            value.split([';', ',']).any(|word| {
                let word = word.trim();
                ["prefetch", "prerender", "preview"].iter().any(|known| word.eq_ignore_ascii_case(known))
            })
        })
    })
}

/// The host of a URL, without user, port and brackets.
fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    if host.starts_with('[') { None } else { host.split(':').next() }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_proxy_that_the_operator_did_not_name_is_nobody_s_network() {
        let request = |header: &'static str| {
            let peer = "203.0.113.9:1".parse().unwrap();
            TestRequest::default().peer_addr(peer).insert_header((header, "198.51.100.7")).to_http_request()
        };
        let of =
            |header, behind_proxy| network(request(header).head(), behind_proxy).map(|ip| ip.to_string());
        assert_eq!(of("X-Other", false).as_deref(), Some("203.0.113.9"));
        for header in ["X-Forwarded-For", "Forwarded", "CF-Connecting-IP"] {
            assert_eq!(of(header, false), None, "{header}");
        }
        assert_eq!(of("X-Forwarded-For", true).as_deref(), Some("198.51.100.7"));
    }

    #[test]
    fn the_host_of_a_referring_page_is_found_in_any_url() {
        for (url, host) in [
            ("https://urldefense.com/v3/__https://x", Some("urldefense.com")),
            ("https://a:b@c.example:8443?x", Some("c.example")),
            ("https://[2001:db8::1]/", None),
            ("about:blank", None),
            ("", None),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5000, ..ProptestConfig::default() })]

        /// 5,000 made-up headers, any octets that a header may hold: nothing fails, and a host is a part of its URL.
        #[test]
        fn any_header_is_read_or_passed_over(
            value in proptest::collection::vec(prop_oneof![0x20..0x7f_u8, 0x80..=0xff_u8, Just(b'\t')], 0..200),
            url in "[a-z:/@?#.\\[\\]0-9%]{0,60}|https?://.{0,40}",
            repeats in 1..4_usize,
        ) {
            let mut headers = HeaderMap::new();
            for name in AHEAD.iter().chain([&FETCH_SITE, &USER_AGENT, &REFERER]) {
                for _ in 0..repeats {
                    headers.append(name.clone(), HeaderValue::from_bytes(&value).unwrap());
                }
            }
            let says = value.split(|octet| matches!(octet, b';' | b',')).any(|word| {
                let known = [&b"prefetch"[..], b"prerender", b"preview"];
                known.iter().any(|known| word.trim_ascii().eq_ignore_ascii_case(known))
            });
            let is_text = value.iter().all(|octet| (0x20..0x7f).contains(octet) || *octet == b'\t');
            prop_assert_eq!(runs_ahead(&headers), says && is_text);
            prop_assert_eq!(text(&headers, &REFERER).is_some(), is_text);
            if let Some(host) = host_of(&url) {
                prop_assert!(url.contains(host) && !host.contains(['/', '@', ':', '?', '#']));
            }
        }
    }
}
