//! What the pixel and the redirect answer: the same for everybody, and nothing that tells (O-11 to O-14).

use mannerly::token::{ClickLink, OpenLink, UnsubscribeLink};

use crate::recorder::until_settled;
use crate::support::http::Answer;
use crate::tracking::{DESTINATION, GIF, hits_of, link_of, pixel_of, reader, send, whole_answer};

both_databases! {
    async fn the_pixel_is_the_same_for_every_token_and_has_exactly_its_headers(server: TestServer) {
        let brand = server.demo_brand();
        reader(&server, &brand, "ana@example.com", Some(true));
        let campaign = send(&server, &brand).await;
        let good = pixel_of(&server.mail_to("ana@example.com")).unwrap();
        let answer = whole_answer(&server, &good).await;
        let mut names: Vec<&str> = answer.1.keys().map(|name| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, [
            "cache-control", "content-length", "content-type", "cross-origin-resource-policy",
            "referrer-policy", "x-content-type-options",
        ]);
        assert_eq!((answer.0, answer.2.as_slice()), (200, GIF));
        assert_eq!(answer.1["content-length"], "42");

        let before = server.snapshot();
        let foreign = server.app.keys.seal(&UnsubscribeLink { brand: brand.id, subscriber: 1, campaign });
        let nobody = server.app.keys.seal(&OpenLink { campaign, subscriber: 99_999 });
        let altered = good.replacen("/o/", "/o/A", 1);
        for url in [
            altered,
            format!("/o/{foreign}.gif"),
            format!("/o/{nobody}.gif"),
            format!("/o/{}.gif", "A".repeat(6000)),
            String::from("/o/%00%ff%2e.gif"),
        ] {
            assert_eq!(whole_answer(&server, &url).await, answer, "{url}");
        }
        let head = server.client.head(&good).send().await.unwrap();
        assert_eq!((head.status().as_u16(), &head.headers()["content-length"]), (200, &answer.1["content-length"]));
        assert!(head.bytes().await.unwrap().is_empty());
        Answer::to(server.request("POST", &good)).await.expect(405);
        assert_eq!(server.snapshot(), before, "none of these counts");
        let range = Answer::to(server.request("GET", &good).header("Range", "bytes=0-1")).await.expect(200);
        assert_eq!(range.bytes, GIF);
    }

    async fn a_redirect_goes_where_the_author_wanted_and_nowhere_else(server: TestServer) {
        let brand = server.demo_brand();
        let person = reader(&server, &brand, "ana@example.com", Some(true));
        let campaign = send(&server, &brand).await;
        let link = link_of(&server.mail_to("ana@example.com"));
        let onwards = server.get(&format!("{link}?url=//evil.example&to=https://evil.example")).await.expect(302);
        assert_eq!(onwards.header("location"), DESTINATION);
        assert_eq!(onwards.header("cache-control"), "no-store");
        assert_eq!(onwards.header("referrer-policy"), "no-referrer");
        for name in ["set-cookie", "etag", "last-modified"] {
            assert_eq!(onwards.header(name), "", "{name}");
        }
        assert!(onwards.text.contains("<a href=\"https://example.com/p%C3%A4th/?q=a%20b"), "{}", onwards.text);
        assert!(!onwards.text.contains("evil"));
        assert_eq!(hits_of(&server, person.id).len(), 1);

        let before = server.snapshot();
        let head = Answer::to(server.request("HEAD", &link)).await.expect(302);
        assert_eq!(head.header("location"), DESTINATION);
        Answer::to(server.request("POST", &link)).await.expect(405);
        let foreign = server.app.keys.seal(&OpenLink { campaign, subscriber: person.id });
        let missing = server.app.keys.seal(&ClickLink { link: 99_999, subscriber: person.id });
        let page = server.get("/no-such-page").await.expect(404).text;
        for token in [foreign, missing, String::from("A"), "A".repeat(6000)] {
            let refused = server.get(&format!("/c/{token}")).await.expect(404);
            assert_eq!(refused.header("location"), "");
            assert_eq!(refused.text, page);
        }
        assert_eq!(server.snapshot(), before);
    }

    async fn a_person_s_browser_and_a_scanner_get_the_same_octets_and_nothing_follows_from_either(server: TestServer) {
        // O-07: whoever comes, the answer says nothing of what they were taken for.
        let brand = server.demo_brand();
        let person = reader(&server, &brand, "ana@example.com", Some(true));
        send(&server, &brand).await;
        let letter = server.mail_to("ana@example.com");
        server.advance(std::time::Duration::from_secs(60));
        let agents = [
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            "Mozilla/5.0 (compatible; Barracuda Sentinel (EE))",
            "python-requests/2.32",
            "",
        ];
        let besides = |rows: Vec<String>| -> Vec<String> {
            rows.into_iter().filter(|row| !row.starts_with("hit") && !row.starts_with("recorder")).collect()
        };
        let before = besides(server.snapshot());
        for url in [pixel_of(&letter).unwrap(), link_of(&letter)] {
            let mut answers = Vec::new();
            for agent in agents {
                for _ in 0..20 {
                    let answer = server.client.get(&url).header("User-Agent", agent).send().await.unwrap();
                    let (status, mut headers) = (answer.status(), answer.headers().clone());
                    headers.remove("date");
                    answers.push((status, headers, answer.bytes().await.unwrap()));
                }
            }
            assert!(answers.iter().all(|answer| *answer == answers[0]), "{url}");
        }
        let asked = 2 * 20 * agents.len();
        until_settled(&server.app.recorder, asked as u64);
        let recorded = hits_of(&server, person.id).len();
        assert_eq!(recorded, asked, "all of them are recorded, and told apart later");
        assert_eq!(besides(server.snapshot()), before);
    }
}
