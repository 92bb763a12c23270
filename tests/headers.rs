//! Security headers (SEC-01), cookies, and which token opens which page (SEC-03).

use mannerly::token::{
    AddressChangeLink, ClickLink, ConfirmLink, DataRequestLink, OpenLink, PreferencesLink, Purpose,
    ReceiptLink, ReportLink, UnsubscribeLink, ViewLink,
};

use crate::person::CANARIES;
use crate::readonly::Sample;
use crate::support::http::Answer;
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
    let is_form = path.starts_with("/b/") && path.contains("/sign-up") && [200, 409].contains(&answer.status);
    let script = if is_form { "script-src 'self'; style-src" } else { "style-src" };
    SECURE[0].1.replace("style-src", script)
}

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
        for (home, route, _) in &tokens {
            for (purpose, _, token) in &tokens {
                let path = route.replace("{}", token);
                let looked = server.get(&path).await;
                if *home == Purpose::Open {
                    // The pixel answers whatever token with the same picture (O-12).
                    assert_eq!((looked.status, looked.header("content-type")), (200, "image/gif"));
                    continue;
                }
                let own = purpose == home;
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
