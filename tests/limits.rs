//! Limits: how often a form may be posted, and that their answer says when to come again.

use std::time::Duration;

use mannerly::domain::catalog::Channel;
use mannerly::domain::consent::opt_in::State;
use mannerly::domain::consent::permission::Kind;

use crate::person::Person;
use crate::support::http::Answer;
use crate::support::server::TestServer;

const FIELDS: [(&str, &str); 2] = [("shown", "newsletter:email"), ("choice", "newsletter:email")];

async fn sign_up(server: &TestServer, email: &str) -> Answer {
    server.post_read("/b/civic/sign-up", &[&FIELDS[..], &[("email", email)]].concat()).await
}

both_databases! {
    async fn too_many_forms_from_one_network_are_told_when_to_come_again(server: TestServer) {
        server.demo_brand();
        let mut answers = Vec::new();
        for number in 0..40 {
            answers.push(sign_up(&server, &format!("p{number}@example.com")).await);
        }
        let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 429).collect();
        assert_eq!(refused.len(), 10);
        let wait: u64 = refused[0].header("Retry-After").parse().unwrap();
        assert!((1..=10).contains(&wait) && refused[0].text.contains("Too many tries"));
        server.get("/b/civic/sign-up").await.expect(200);
        server.advance(Duration::from_secs(wait));
        sign_up(&server, "patient@example.com").await.expect(200);
        server.run_jobs().await;
        assert_eq!(server.mails().len(), 31);
    }

    async fn one_click_the_picture_and_the_redirect_are_never_refused_for_their_number(server: TestServer) {
        let brand = server.demo_brand();
        server.person(&brand, "ana@example.com").agrees("newsletter").allows(Kind::Opens).allows(Kind::Clicks);
        server.campaign(&brand);
        server.run_jobs().await;
        let links = server.mail_to("ana@example.com").html_links();
        let link = |sign: &str| links.iter().find(|link| link.contains(sign)).unwrap().clone();
        for _ in 0..100 {
            server.get(&link("/o/")).await.expect(200);
            server.get(&link("/c/")).await.expect(302);
            server.post_form(&link("/u/"), &[("List-Unsubscribe", "One-Click")]).await.expect(200);
        }
    }

    async fn a_sign_up_without_a_key_is_small_and_counted_before_it_is_read(server: TestServer) {
        let brand = server.demo_brand();
        let path = format!("/api/v1/brands/{}/sign-ups", brand.slug);
        let post = |octets: usize| {
            let request = server.request("POST", &path).header("content-type", "application/json");
            Answer::to(request.body("\\".repeat(octets)))
        };
        post(64 * 1024 + 1).await.expect(413);
        for _ in 1..30 {
            post(64 * 1024).await.expect(400);
        }
        assert!(!post(64 * 1024 + 1).await.expect(429).header("Retry-After").is_empty());
    }

    async fn one_address_cannot_be_named_again_and_again(server: TestServer) {
        server.demo_brand();
        for _ in 0..10 {
            server.post_form("/b/civic/link", &[("email", "ana@example.com")]).await.expect(200);
        }
        let refused = server.post_form("/b/civic/link", &[("email", "ANA@example.com")]).await.expect(429);
        assert!(!refused.header("Retry-After").is_empty());
        server.post_form("/b/civic/link", &[("email", "bob@example.com")]).await.expect(200);
        server.run_jobs().await;
    }

    async fn choices_behind_one_link_are_limited_and_a_stop_never_is(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let save = |language: &'static str| {
            [("action", "save"), ("shown_locale", ""), ("locale", language)]
        };
        let mut answers = Vec::new();
        for number in 0..40 {
            answers.push(server.post_form(&url, &save(if number % 2 == 0 { "de" } else { "fr" })).await);
        }
        assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 10);
        server.post_form(&url, &[("action", "stop")]).await.expect(200);
        assert_eq!(person.state(&server, "newsletter", Channel::Email), Some(State::Withdrawn));
    }
}
