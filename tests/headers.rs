//! Security headers (SEC-01), cookies, and which token opens which page (SEC-03).

use std::collections::BTreeSet;

use mannerly::token::{
    AddressChangeLink, ClickLink, ConfirmLink, DataRequestLink, OpenLink, PreferencesLink, Purpose,
    ReceiptLink, ReportLink, UnsubscribeLink, ViewLink,
};

use crate::person::CANARIES;
use crate::readonly::Sample;
use crate::support::http::{Answer, seen as seen_words};
use crate::support::server::TestServer;

const SECURE: [(&str, &str); 9] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
    ),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("x-robots-tag", "noindex, nofollow, noarchive"),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("strict-transport-security", "max-age=31536000"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// What a letter in the browser has instead: its author's styles and pictures of ours, in a sandbox.
const LETTER: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: BASE; form-action 'none'; \
    base-uri 'none'; frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox \
    allow-top-navigation-by-user-activation";

/// Whether it is a letter that its author wrote, shown as a page.
fn is_letter(path: &str) -> bool {
    path.starts_with("/v/") || path.starts_with("/b/") && path.contains("/archive/")
}

/// The forms by which one comes in may run our own script, and work without it.
fn policy(path: &str, answer: &Answer) -> String {
    let is_form =
        path.starts_with("/b/") && path.contains("/sign-up") && [200, 409, 422].contains(&answer.status);
    let script = if is_form { "script-src 'self'; style-src" } else { "style-src" };
    SECURE[0].1.replace("style-src", script)
}

/// That an answer to this path carries every header of [`SECURE`], and no cookie.
#[track_caller]
pub(crate) fn expect_secure(path: &str, answer: &Answer) {
    for (name, value) in &SECURE {
        let value = if *name == SECURE[0].0 { policy(path, answer) } else { (*value).to_owned() };
        assert_eq!(answer.header(name), value, "{path} answers {}: {name}", answer.status);
    }
    assert_eq!(answer.header("set-cookie"), "", "{path} answers {}", answer.status);
}

/// Every page that has a form, and the report.
const PAGES: [&str; 10] = [
    "/p/{token}",
    "/u/{token}",
    "/d/{token}",
    "/r/{token}",
    "/a/{token}",
    "/confirm/{token}",
    "/report/{token}",
    "/b/{brand}/sign-up",
    "/b/{brand}/sign-up/{form}",
    "/b/{brand}/link",
];

/// What the pixel has to carry; nobody reads it as a document (O-11).
const PIXEL: [(&str, &str); 3] = [
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("cross-origin-resource-policy", "cross-origin"),
];

/// What is the same for everybody may be kept: the style sheet, the logos, the API's description.
fn may_be_kept(path: &str) -> bool {
    path.starts_with("/assets/")
        || path == "/favicon.ico"
        || path.ends_with(".css")
        || path.ends_with(".png")
        || path.ends_with(".atom")
        || path == "/api/openapi.json"
}

/// A token of each purpose for the same person, and where a token of that purpose belongs.
fn tokens(server: &TestServer, sample: &Sample) -> [(Purpose, &'static str, String); 10] {
    let keys = &server.app.keys;
    let (brand, subscriber, campaign) = (sample.person.brand.id, sample.person.id, sample.campaign);
    let (link, confirmation) = (sample.link, sample.confirmation);
    let expires_at = server.now().as_micros() + 3_600_000_000;
    [
        (Purpose::Open, "/o/{}.gif", keys.seal(&OpenLink { campaign, subscriber })),
        (Purpose::Click, "/c/{}", keys.seal(&ClickLink { link, subscriber })),
        (Purpose::Unsubscribe, "/u/{}", keys.seal(&UnsubscribeLink { brand, subscriber, campaign })),
        (Purpose::Preferences, "/p/{}", keys.seal(&PreferencesLink { brand, subscriber, campaign })),
        (Purpose::View, "/v/{}", keys.seal(&ViewLink { campaign, subscriber })),
        (Purpose::Receipt, "/r/{}", keys.seal(&ReceiptLink { act: sample.act })),
        (Purpose::Confirm, "/confirm/{}", keys.seal(&ConfirmLink { confirmation })),
        (Purpose::AddressChange, "/a/{}", keys.seal(&AddressChangeLink { change: sample.change })),
        (Purpose::DataRequest, "/d/{}", keys.seal(&DataRequestLink { brand, subscriber, expires_at })),
        (Purpose::Report, "/report/{}", keys.seal(&ReportLink { campaign, expires_at })),
    ]
}

both_databases! {
    async fn every_answer_carries_the_security_headers_and_no_cookie(mut server: TestServer) {
        let sample = Sample::new(&server).await;
        // Some of the posts below do what they say, and what becomes of it is not looked at.
        server.leave_work_behind();
        let mut paths: Vec<String> = sample.every_path(&server).into_iter().map(|(path, _)| path).collect();
        paths.extend(["/no-such-page", "/p/x", "/u/x", "/d/x", "/%FF"].map(String::from));
        for path in &paths {
            for method in ["GET", "HEAD", "OPTIONS", "POST", "DELETE"] {
                // DELETE and POST reach whoever answers them, without a body and a key.
                let answer = Answer::to(server.request(method, path)).await;
                let is_pixel = answer.status == 200 && path.starts_with("/o/");
                let is_logo = answer.status == 200 && path.ends_with("/logo.png");
                let letter = LETTER.replace("BASE", &server.url("/")[..server.url("/").len() - 1]);
                for (name, value) in if is_pixel { &PIXEL[..] } else { &SECURE[..] } {
                    let is_own = is_letter(path) && answer.status == 200 && *name == "content-security-policy";
                    let policy = if is_own { letter.clone() } else { policy(path, &answer) };
                    let value = match *name {
                        "content-security-policy" => &*policy,
                        // Letters show it, wherever they are read.
                        "cross-origin-resource-policy" if is_logo => "cross-origin",
                        _ => *value,
                    };
                    if *name != "cache-control" || !may_be_kept(path) {
                        assert_eq!(answer.header(name), value, "{method} {path}: {name}");
                    }
                }
                // Nor is one ever sent with a pixel or a link (O-18).
                assert_eq!(answer.header("set-cookie"), "", "{method} {path}");
            }
        }
    }

    async fn whoever_is_refused_or_sent_on_gets_the_security_headers_too(mut server: TestServer) {
        let sample = Sample::new(&server).await;
        server.leave_work_behind();
        let pages = PAGES.map(|page| sample.fill(&server, page));
        let [p, u, d, r, a, confirm, report, sign_up, named, link] = pages.each_ref().map(String::as_str);
        let mut seen = BTreeSet::new();
        let mut expect = |status: u16, path: &str, answer: Answer| {
            let answer = answer.expect(status);
            assert!(status == 303 || answer.header("content-type").starts_with("text/html"), "{path} answers {status}");
            expect_secure(path, &answer);
            seen.insert(status);
        };
        let post = async |path: &str, fields: &[(&str, &str)]| Answer::to(server.request("POST", path).form(fields)).await;
        for path in [p, u, d, r, a, confirm, sign_up, named, link] {
            expect(413, path, post(path, &[("x", &"x".repeat(70_000))]).await);
            expect(415, path, Answer::to(server.request("POST", path).json(&[1])).await);
        }
        expect(400, u, post(u, &[]).await);
        let corrected = server.form(d, "correct").await.set("version", "another").set("company", "Council");
        for (path, fields) in [
            (confirm, &[("list", "another")][..]), (sign_up, &[("seen", "other words")]), (named, &[("seen", "other words")]),
            (d, &corrected.pressed()), (p, &[("action", "save"), ("shown", "transport:phone:on"), ("seen", "other words"),
            ("choice", "transport:email"), ("shown", "transport:email:off")]),
        ] {
            expect(409, path, post(path, fields).await);
        }
        for path in [sign_up, named] {
            expect(422, path, post(path, &[("seen", seen_words(&server.get(path).await.text))]).await);
        }
        for (path, fields) in [
            (link, &[("email", "ana@")][..]), (d, &[("action", "erase")]), (r, &[("action", "reason"), ("reason", "none of these")]),
            (p, &[("action", "pause"), ("pause_until", "2020-01-01")]),
        ] {
            expect(422, path, post(path, fields).await);
        }
        expect(303, p, post(p, &[("action", "stop")]).await);
        for _ in 0..40 {
            post(link, &[("email", "ana@")]).await;
        }
        for path in [link, sign_up, named] {
            expect(429, path, post(path, &[]).await);
        }
        server.advance(std::time::Duration::from_secs(60 * 24 * 60 * 60));
        for path in [a, d, confirm] {
            expect(410, path, post(path, &[]).await);
            expect(410, path, server.get(path).await);
        }
        expect(410, report, server.get(report).await);
        server.write(|conn, _| Ok(diesel::connection::SimpleConnection::batch_execute(conn, "ALTER TABLE topic RENAME TO away")?));
        for path in [p, sign_up, named] {
            expect(500, path, server.get(path).await);
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [303, 400, 409, 410, 413, 415, 422, 429, 500]);
    }

    async fn a_page_is_one_html_and_one_css_and_shows_no_address(server: TestServer) {
        let sample = Sample::new(&server).await;
        let mut pages = 0;
        for (path, _) in sample.every_path(&server) {
            let answer = server.get(&path).await;
            // The API's documentation is for programmers and as long as the API, a report is for marketers.
            let is_for_work = path == "/api/docs" || path.starts_with("/report/");
            if answer.status != 200 || !answer.header("content-type").starts_with("text/html") || is_for_work {
                continue;
            }
            pages += 1;
            if is_letter(&path) {
                assert!(!answer.text.contains("<link") && !answer.text.contains("<script"), "{path}");
                for word in CANARIES {
                    assert!(!answer.text.contains(word), "{path}: {word}");
                }
                continue;
            }
            assert_eq!(answer.text.matches("<link ").count(), 1, "{path}");
            let scripts = usize::from(path.contains("/sign-up"));
            assert_eq!(answer.text.matches("<script src=\"/assets/proof.js\" defer></script>").count(), scripts, "{path}");
            assert_eq!(answer.text.matches("<script").count(), scripts, "{path}");
            assert!(!answer.text.contains("<style"), "{path}");
            // The link to the data is mailed to its owner just before.
            if !path.starts_with("/d/") {
                for word in CANARIES {
                    assert!(!answer.text.contains(word), "{path}: {word}");
                }
            }
        }
        assert!(pages >= 7, "only {pages} pages were looked at");
    }

    async fn a_token_opens_the_page_of_its_own_purpose_and_no_other(server: TestServer) {
        let sample = Sample::new(&server).await;
        let tokens = tokens(&server, &sample);
        let before = server.snapshot();
        let nothing = server.get("/no-such-page").await.expect(404);
        let routes = tokens.iter().map(|(home, route, _)| (*home, *route));
        for (home, route) in routes.chain([(Purpose::Receipt, "/r/{}/receipt.json")]) {
            for (purpose, _, token) in &tokens {
                let path = route.replace("{}", token);
                let looked = server.get(&path).await;
                if home == Purpose::Open {
                    // The pixel answers whatever token with the same picture (O-12).
                    assert_eq!((looked.status, looked.header("content-type")), (200, "image/gif"));
                    continue;
                }
                let own = *purpose == home;
                let wanted = match home {
                    _ if !own => 404,
                    Purpose::Click => 302,
                    _ => 200,
                };
                assert_eq!(looked.status, wanted, "{purpose:?} at {route}");
                assert!(own || looked.bytes == nothing.bytes, "{purpose:?} at {route}");
                if !own {
                    let posted = server.post_form(&path, &[("List-Unsubscribe", "One-Click")]).await;
                    assert!([404, 405].contains(&posted.status), "{purpose:?} posted to {route}");
                }
            }
        }
        assert_eq!(server.snapshot(), before);
    }
}
