//! PostgreSQL goes away and comes back while the server runs: what answers, what says when to come back, and what is kept.

use mannerly::db::Kind as Database;
use mannerly::domain::account::{Scope, api_key};
use mannerly::domain::consent::permission::Kind;
use mannerly::domain::tracking::Hit;
use mannerly::domain::tracking::recorder::{BATCH, BATCHES_WAITING};

use crate::recorder::until_settled;
use crate::support::postgres::set_reachable;
use crate::support::server::TestServer;
use crate::tracking::{DESTINATION, GIF, hits_of, link_of, pixel_of, reader, send};

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

#[tokio::test]
async fn while_it_is_away_everybody_is_answered_and_where_too_many_come_the_oldest_hits_are_shed_and_counted()
{
    let server = TestServer::start(Database::Postgres).await;
    let brand = server.demo_brand();
    let [first, last] =
        ["ana", "ben"].map(|name| reader(&server, &brand, &format!("{name}@example.com"), Some(true)).id);
    send(&server, &brand).await;
    let [early, late] = ["ana", "ben"].map(|name| server.mail_to(&format!("{name}@example.com")));
    // Of people whom nobody knows: they wait like any others.
    let crowd = async |batches: usize| {
        let (recorder, at) = (server.app.recorder.clone(), server.now());
        let hits = (0..batches * BATCH).map(|number| {
            let subscriber = 1_000_000 + i64::try_from(number).unwrap();
            let (recorder, hit) =
                (recorder.clone(), Hit { campaign: 1, link: None, subscriber, at, sign: None });
            tokio::spawn(async move { recorder.record(hit).await })
        });
        for one in hits.collect::<Vec<_>>() {
            one.await.unwrap();
        }
    };
    set_reachable(server.database_url(), false);
    // A whole batch that the recorder holds in its hands and tries again and again.
    crowd(1).await;
    let answers = async |letter| {
        assert_eq!(server.get(&pixel_of(letter).unwrap()).await.expect(200).bytes, GIF);
        assert_eq!(server.get(&link_of(letter)).await.expect(302).header("location"), DESTINATION);
    };
    answers(&early).await;
    crowd(BATCHES_WAITING + 1).await;
    answers(&late).await;
    assert_eq!(server.app.recorder.counts().stored, 0, "all were answered while it was away");
    set_reachable(server.database_url(), true);
    let all = (BATCHES_WAITING + 2) * BATCH + 4;
    until_settled(&server.app.recorder, all as u64);
    assert_eq!((hits_of(&server, first).len(), hits_of(&server, last).len()), (0, 2));
    let counts = server.app.recorder.counts();
    assert!(counts.shed >= BATCH as u64, "{counts:?}");
    assert_eq!(counts.stored + counts.refused + counts.shed, all as u64, "each is settled in one way");
}
