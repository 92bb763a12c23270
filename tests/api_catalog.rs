//! Brands, topics, sources and suppressions through the API, and the way lists come.

use std::io::Cursor;

use serde_json::{Value, json};

use crate::api::{admin, brand, expect_problem, pointer};
use crate::support::http::Answer;
use crate::support::server::TestServer;

async fn slugs(server: &TestServer, key: &str, query: &str) -> (Vec<String>, Answer) {
    let answer = server.api(key, "GET", &format!("/brands?{query}"), Value::Null).await.expect(200);
    let page = answer.json();
    let slugs = page["items"].as_array().unwrap().iter().map(|b| b["slug"].as_str().unwrap().to_owned());
    (slugs.collect(), answer)
}

both_databases! {
    async fn a_brand_is_made_read_and_replaced(server: TestServer) {
        let key = admin(&server);
        let made = server.api(&key, "POST", "/brands", brand("example")).await.expect(201);
        assert_eq!(made.header("location"), "/api/v1/brands/example");
        expect_problem(server.api(&key, "POST", "/brands", brand("example")).await, 409);
        let mut changed = brand("example");
        changed["name"] = json!("Another Name");
        let replaced = server.api(&key, "PUT", "/brands/example", changed.clone()).await.expect(200);
        assert_eq!(replaced.json()["name"], "Another Name");
        changed["slug"] = json!("other");
        let problem = expect_problem(server.api(&key, "PUT", "/brands/example", changed).await, 422);
        assert_eq!(pointer(&problem), "/slug");
        let read = server.api(&key, "GET", "/brands/example", Value::Null).await.expect(200).json();
        assert_eq!(read, replaced.json());
        assert!(read.get("id").is_none());
    }

    async fn of_two_editors_the_second_is_told(server: TestServer) {
        let key = admin(&server);
        server.api(&key, "POST", "/brands", brand("example")).await.expect(201);
        let tag = server.api(&key, "GET", "/brands/example", Value::Null).await.header("etag").to_owned();
        let put = |name: &str| {
            let mut body = brand("example");
            body["name"] = json!(name);
            server.request("PUT", "/api/v1/brands/example").bearer_auth(&key).header("if-match", &tag).json(&body)
        };
        Answer::to(put("First")).await.expect(200);
        expect_problem(Answer::to(put("Second")).await, 412);
        let read = server.api(&key, "GET", "/brands/example", Value::Null).await;
        assert_eq!(read.json()["name"], "First");
        let again = server.request("GET", "/api/v1/brands/example").bearer_auth(&key);
        Answer::to(again.header("if-none-match", read.header("etag"))).await.expect(304);
    }

    async fn a_brands_colours_are_refused_where_they_cannot_be_read(server: TestServer) {
        let (key, mut brand) = (admin(&server), brand("example"));
        brand["accent"] = json!("#8fd3ff");
        brand["accent_dark"] = json!("#003366");
        let refused = server.api(&key, "POST", "/brands", brand.clone()).await.expect(422).json();
        for (index, field) in ["/accent", "/accent_dark"].into_iter().enumerate() {
            let error = &refused["errors"][index];
            assert_eq!(error["pointer"], field);
            assert!(error["detail"].as_str().unwrap().ends_with("would pass"), "{error}");
        }
        brand["accent"] = json!("#5B2A86");
        brand["accent_dark"] = json!("#d7b8f3");
        brand["language"] = json!("cy-GB");
        let made = server.api(&key, "POST", "/brands", brand).await.expect(201).json();
        assert_eq!((&made["accent"], &made["language"]), (&json!("#5b2a86"), &json!("cy")));
        let page = server.get("/b/example/sign-up").await.expect(200);
        assert!(page.text.contains("<html lang=\"cy\""), "a Welsh brand speaks Welsh where nobody asks for another");
        let style = page.text.split("href=\"/b/example/page.css").nth(1).unwrap().split('"').next().unwrap();
        let style = server.get(&format!("/b/example/page.css{style}")).await.expect(200);
        assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
        assert!(style.text.contains("--accent: #5b2a86") && style.text.contains("main.page"));
    }

    async fn a_relay_that_is_not_there_is_refused_when_it_is_named(server: TestServer) {
        let (key, mut form) = (admin(&server), brand("example"));
        form["relay"] = json!("main");
        server.api(&key, "POST", "/brands", form.clone()).await.expect(201);
        form["relay"] = json!("nobody");
        let before = server.snapshot();
        let wrong = expect_problem(server.api(&key, "PUT", "/brands/example", form.clone()).await, 422);
        assert_eq!(pointer(&wrong), "/relay");
        assert!(wrong["errors"][0]["detail"].as_str().unwrap().ends_with("it has main"), "{wrong}");
        form["slug"] = json!("other");
        let wrong = expect_problem(server.api(&key, "POST", "/brands", form).await, 422);
        assert_eq!(pointer(&wrong), "/relay");
        assert_eq!(server.snapshot(), before);
    }

    async fn a_logo_is_encoded_anew_and_open_to_all(server: TestServer) {
        let key = admin(&server);
        server.api(&key, "POST", "/brands", brand("example")).await.expect(201);
        server.get("/b/example/logo.png").await.expect(404);
        let mut upload = Cursor::new(Vec::new());
        image::DynamicImage::new_rgb8(800, 400).write_to(&mut upload, image::ImageFormat::Jpeg).unwrap();
        let put = |body: Vec<u8>| {
            server.request("PUT", "/api/v1/brands/example/logo").bearer_auth(&key).body(body)
        };
        Answer::to(put(upload.into_inner())).await.expect(204);
        let logo = server.get("/b/example/logo.png").await.expect(200);
        assert_eq!(logo.header("content-type"), "image/png");
        let picture = image::load_from_memory(&logo.bytes).unwrap();
        assert_eq!((picture.width(), picture.height()), (400, 200));
        expect_problem(Answer::to(put(b"no picture".to_vec())).await, 422);
        expect_problem(Answer::to(put(vec![0; 2 * 1024 * 1024 + 1])).await, 413);
        assert_eq!(server.get("/b/example/logo.png").await.bytes, logo.bytes);
    }

    async fn topics_belong_to_a_brand_and_keep_their_kind(server: TestServer) {
        let key = admin(&server);
        server.api(&key, "POST", "/brands", brand("example")).await.expect(201);
        let mut topic = json!({"slug": "news", "kind": "communication", "name": "News", "channels": ["email"]});
        let made = server.api(&key, "POST", "/brands/example/topics", topic.clone()).await.expect(201);
        assert_eq!(made.header("location"), "/api/v1/brands/example/topics/news");
        expect_problem(server.api(&key, "POST", "/brands/example/topics", topic.clone()).await, 409);
        topic["channels"] = json!(["email", "post"]);
        let changed = server.api(&key, "PUT", "/brands/example/topics/news", topic.clone()).await.expect(200);
        assert_eq!(changed.json()["channels"], json!(["email", "post"]));
        topic["kind"] = json!("subject");
        let problem = expect_problem(server.api(&key, "PUT", "/brands/example/topics/news", topic).await, 422);
        assert_eq!(pointer(&problem), "/kind");
        let list = server.api(&key, "GET", "/brands/example/topics", Value::Null).await.expect(200).json();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        server.api(&key, "GET", "/brands/example/topics/news", Value::Null).await.expect(200);
        expect_problem(server.api(&key, "GET", "/brands/example/topics/other", Value::Null).await, 404);
    }

    async fn a_source_is_made_once_and_brought_up_to_date(server: TestServer) {
        let key = admin(&server);
        let source = json!({"name": "List Co", "kind": "supplier"});
        let made = server.api(&key, "POST", "/sources", source).await.expect(200).json();
        let more = json!({"name": "List Co", "kind": "supplier", "policy_url": "https://list.test/policy"});
        let again = server.api(&key, "POST", "/sources", more).await.expect(200).json();
        assert_eq!(made["id"], again["id"]);
        assert_eq!(again["policy_url"], "https://list.test/policy");
        let other = json!({"name": "List Co", "kind": "form"});
        expect_problem(server.api(&key, "POST", "/sources", other).await, 409);
        let list = server.api(&key, "GET", "/sources", Value::Null).await.expect(200).json();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
    }

    async fn a_suppression_is_added_once_listed_without_the_address_and_taken_back(server: TestServer) {
        let key = admin(&server);
        let form = json!({"address": "ana@council.test", "channel": "email", "reason": "objection"});
        let made = server.api(&key, "POST", "/suppressions", form.clone()).await.expect(200).json();
        let again = server.api(&key, "POST", "/suppressions", form).await.expect(200).json();
        assert_eq!(made, again);
        let list = server.api(&key, "GET", "/suppressions", Value::Null).await.expect(200);
        assert!(!list.text.contains("council"));
        assert_eq!(list.json()["items"].as_array().unwrap().len(), 1);
        let path = format!("/suppressions/{}", made["id"].as_str().unwrap());
        server.api(&key, "DELETE", &path, Value::Null).await.expect(204);
        expect_problem(server.api(&key, "DELETE", &path, Value::Null).await, 404);
        let child = json!({"address": "kid@council.test", "channel": "email", "reason": "under_13"});
        let made = server.api(&key, "POST", "/suppressions", child).await.expect(200).json();
        let path = format!("/suppressions/{}", made["id"].as_str().unwrap());
        expect_problem(server.api(&key, "DELETE", &path, Value::Null).await, 409);
    }

    async fn paging_while_rows_are_added_skips_none_and_repeats_none(server: TestServer) {
        let key = admin(&server);
        for number in 0..5 {
            server.api(&key, "POST", "/brands", brand(&format!("b{number}"))).await.expect(201);
        }
        let (mut seen, mut query) = (Vec::new(), String::from("limit=2"));
        for added in 5.. {
            let (page, answer) = slugs(&server, &key, &query).await;
            seen.extend(page);
            let Some(next) = answer.json()["next"].as_str().map(str::to_owned) else { break };
            assert_eq!(answer.header("link"), format!("</api/v1/brands?after={next}&limit=2>; rel=\"next\""));
            query = format!("limit=2&after={next}");
            if added < 7 {
                server.api(&key, "POST", "/brands", brand(&format!("b{added}"))).await.expect(201);
            }
        }
        let expected: Vec<String> = (0..7).map(|number| format!("b{number}")).collect();
        assert_eq!(seen, expected);
        for wrong in ["limit=0", "limit=201", "after=x", "after=", "after=c291cmNlczox"] {
            expect_problem(server.api(&key, "GET", &format!("/brands?{wrong}"), Value::Null).await, 422);
        }
        expect_problem(server.api(&key, "GET", "/brands?limit=many", Value::Null).await, 400);
    }
}
