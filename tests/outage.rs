//! PostgreSQL goes away and comes back while the server runs.

use mannerly::db::Kind as Database;
use mannerly::domain::account::{Scope, api_key};
use mannerly::domain::consent::permission::Kind;

use crate::support::postgres::set_reachable;
use crate::support::server::TestServer;

#[tokio::test]
async fn pages_and_api_say_when_to_come_back_and_the_picture_and_the_redirect_still_answer() {
    let server = TestServer::start(Database::Postgres).await;
    let brand = server.demo_brand();
    server.person(&brand, "ana@example.com").agrees("newsletter").allows(Kind::Opens).allows(Kind::Clicks);
    server.campaign(&brand);
    server.run_jobs().await;
    let mail = server.mail_to("ana@example.com");
    let links = mail.html_links();
    let link = |sign: &str| links.iter().find(|link| link.contains(sign)).unwrap().clone();
    let (unsubscribe, preferences) = (link("/u/"), link("/p/"));
    let (_, secret) = server.write(|conn, now| api_key::create(conn, "test", &[Scope::Admin], now));
    let one_click = [("List-Unsubscribe", "One-Click")];
    assert_eq!(server.snapshot().iter().filter(|row| row.contains("one_click")).count(), 0);

    set_reachable(server.database_url(), false);
    server.get(&link("/o/")).await.expect(200);
    let redirect = server.get(&link("/c/")).await.expect(302);
    assert_eq!(redirect.header("location"), "https://example.org/a?x=1&y=2#top");
    for page in
        [server.get(&preferences).await, server.get(&unsubscribe).await, server.get("/b/civic/sign-up").await]
    {
        crate::headers::expect_secure("/p", &page.expect(503));
    }
    for answer in [
        server.get(&preferences).await,
        server.post_form(&unsubscribe, &one_click).await,
        server.api(secret.reveal(), "GET", "/brands", serde_json::Value::Null).await,
        server.get("/readyz").await,
    ] {
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert!(!answer.header("retry-after").is_empty());
        assert!(!answer.text.contains("postgres"), "{}", answer.text);
    }
    server.get("/healthz").await.expect(200);

    set_reachable(server.database_url(), true);
    server.get("/readyz").await.expect(200);
    server.post_form(&unsubscribe, &one_click).await.expect(200);
    assert!(server.snapshot().iter().any(|row| row.contains("one_click")));
}
