//! Running it: what those who keep a server alive are told.

use std::process::Stdio;

use diesel::prelude::*;
use mannerly::db::schema::{delivery, request};
use mannerly::db::{DatabaseUrl, Kind, Presence, SKIPPED};
use mannerly::domain::account::{Scope, api_key};
use mannerly::domain::campaign::{State as CampaignState, state};
use serde_json::{Value, json};

use crate::incoming_corpus::{Letter, receiving_brand, running_campaign};
use crate::support::http::Answer;
use crate::support::programs::{self, Port, Program, serve, until};
use crate::support::server::TestServer;

/// Runs `mannerly receive` and returns what it writes to standard error.
fn receive(server: &TestServer, to: &str, message: &str) -> String {
    let database = server.database_url();
    let (code, said) =
        programs::receive(&["--to", to], message, |command| command.env("DATABASE_URL", database));
    assert_eq!(code, Some(0), "{said}");
    said
}

both_databases! {
    async fn a_campaign_that_the_pipe_pauses_is_in_the_log_of_the_pipe(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = receiving_brand(&server);
        let campaign = running_campaign(&server, &brand);
        let said = [("ana", "postfix_unknown_user"), ("ben", "postfix_outlook_515")].map(|(name, message)| {
            let letter = Letter::sent(&server, &brand, campaign, &format!("{name}@example.com"));
            let said = receive(&server, &letter.mailbox("b"), &letter.message(message));
            (said, letter.fate(&server).campaign)
        });
        assert_eq!(said[0], (String::new(), CampaignState::Sending), "who only works says nothing");
        assert_eq!(said[1].1, CampaignState::Paused);
        assert!(said[1].0.contains("WARN") && said[1].0.contains("paused a campaign"), "{}", said[1].0);
    }

    async fn status_says_what_there_is_to_do_and_why_a_campaign_stands(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = server.demo_brand();
        server.readers(&brand, 5);
        let campaign = server.campaign(&brand);
        mannerly::jobs::plan_campaigns::run_once(&server.app).await.unwrap();
        let (_, key) = server.write(|conn, now| api_key::create(conn, "watch", &[Scope::ReadAggregate], now));
        let status = async || server.api(key.reveal(), "GET", "/status", Value::Null).await.expect(200).json();
        let before = status().await;
        assert_eq!(before["letters"], json!({ "due": 5, "in_hand": 0, "uncertain": 0, "sent_total": 0 }));
        assert_eq!(before["campaigns"], json!({ "running": 1, "paused": [] }));
        assert_eq!(before["service_mail"], json!({ "due": 0, "in_hand": 0 }));
        assert_eq!(before["requests_waiting"], 0);

        server.post_form("/b/civic/link", &[("email", "p0@example.com")]).await.expect(200);
        server.write(|conn, now| {
            let letters = |address: &str| delivery::table.filter(delivery::subscriber_id.eq(server.person_id(address)));
            diesel::update(letters("p0@example.com")).set(delivery::state.eq("uncertain")).execute(conn)?;
            diesel::update(letters("p1@example.com"))
                .set((delivery::state.eq("claimed"), delivery::lease_until.eq(now)))
                .execute(conn)?;
            Ok(())
        });
        let during = status().await;
        assert_eq!(during["letters"], json!({ "due": 3, "in_hand": 1, "uncertain": 1, "sent_total": 0 }));
        assert_eq!(during["requests_waiting"], 1);

        server.write(|conn, now| state::pause(conn, campaign.id, Some("The relay refused the sender"), now));
        let after = status().await;
        assert_eq!(after["letters"]["due"], 0, "what is paused is not due");
        let paused = json!([{
            "id": campaign.public_id, "name": campaign.name, "reason": "The relay refused the sender"
        }]);
        assert_eq!(after["campaigns"], json!({ "running": 0, "paused": paused }));
        assert_eq!(after["hits"]["waiting"], 0);
    }

    async fn status_is_text_for_prometheus_and_needs_a_key(server: TestServer) {
        let (_, key) = server.write(|conn, now| api_key::create(conn, "watch", &[Scope::ReadAggregate], now));
        let scrape = server.request("GET", "/api/v1/status").header("Accept", "text/plain;version=0.0.4;q=0.5,*/*;q=0.1");
        let answer = Answer::to(scrape.bearer_auth(key.reveal())).await.expect(200);
        assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
        for line in answer.text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let fits = match words.as_slice() {
                ["#", "TYPE", name, "gauge" | "counter"] => name.starts_with("mannerly_"),
                [name, value] => name.starts_with("mannerly_") && value.parse::<u64>().is_ok(),
                _ => false,
            };
            assert!(fits, "{line}");
        }
        assert!(answer.text.contains("mannerly_letters_due 0"), "{}", answer.text);
        server.get("/api/v1/status").await.expect(401);
    }

    async fn what_was_restored_sends_nothing_and_gives_no_row_number_a_second_time(server: TestServer) {
        let mut server = server;
        server.leave_work_behind();
        let brand = server.demo_brand();
        server.readers(&brand, 3);
        let (running, draft) = (server.campaign(&brand), server.draft(&brand, |_| {}));
        mannerly::jobs::plan_campaigns::run_once(&server.app).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let said = crate::cli::succeeds(folder.path(), &["restored", "--database-url", server.database_url()]);
        assert!(said.contains(&format!("paused  {}", running.public_id)), "{said}");
        assert!(!said.contains(&draft.public_id.to_string()), "{said}");
        let paused = server.reload(&running);
        assert_eq!(paused.state, CampaignState::Paused);
        assert!(paused.pause_reason.unwrap().starts_with("Restored from a backup"));
        server.run_jobs().await;
        assert!(server.mails().is_empty());

        let (p2, later) = (server.person_id("p2@example.com"), server.person(&brand, "later@example.com").id);
        assert!(later > p2 + SKIPPED, "{later}");
        let first: i64 = server.write(|conn, now| {
            diesel::insert_into(request::table)
                .values((request::brand_id.eq(brand.id), request::content.eq("{}"), request::received_at.eq(now)))
                .returning(request::id)
                .get_result(conn)
                .map_err(Into::into)
        });
        assert!(first > SKIPPED, "also of a table that was empty: {first}");
    }

    async fn a_backup_is_not_made_ready_under_a_server_that_runs(server: TestServer) {
        let (folder, port) = (tempfile::tempdir().unwrap(), Port::reserve());
        let mut running = Program(serve(&server, 1, 1, port.number()).stderr(Stdio::null()).spawn().unwrap());
        let restored = ["restored", "--database-url", server.database_url()];
        until("the server listens", || std::net::TcpStream::connect(("127.0.0.1", port.number())).is_ok());
        let said = crate::cli::fails(folder.path(), &restored);
        assert!(said.contains("stop"), "{said}");
        running.0.kill().unwrap();
        running.0.wait().unwrap();
        // PostgreSQL sees a moment later that nobody is there any more.
        let is_alone = || Presence::alone(&DatabaseUrl::parse(server.database_url()).unwrap()).is_ok();
        until("the server is gone", is_alone);
        crate::cli::succeeds(folder.path(), &restored);
    }

    async fn an_outage_is_not_answered_as_if_there_were_nothing(server: TestServer) {
        use diesel::connection::SimpleConnection;
        let brand = server.demo_brand();
        let path = format!("/b/{}/archive/00000000-0000-7000-8000-000000000000", brand.slug);
        server.get(&path).await.expect(404);
        server.write(|conn, _| Ok(conn.batch_execute("ALTER TABLE campaign RENAME TO away")?));
        server.get(&path).await.expect(500);
    }

    async fn limits_of_a_name_are_in_letters_and_not_in_octets(server: TestServer) {
        server.demo_brand();
        let (_, key) = server.write(|conn, now| api_key::create(conn, "test", &[Scope::Admin], now));
        let topic = |slug: &str, name: String| json!({
            "slug": slug, "kind": "communication", "name": name, "description": "ŵ".repeat(500),
            "frequency_note": "ŷ".repeat(100), "channels": ["email"]
        });
        let post = async |path: &str, body: Value| server.api(key.reveal(), "POST", path, body).await;
        post("/brands/civic/topics", topic("longest", "ŵ".repeat(200))).await.expect(201);
        post("/brands/civic/topics", topic("longer", "ŵ".repeat(201))).await.expect(422);
        let source = |letters| json!({ "name": "ŵ".repeat(letters), "kind": "import" });
        post("/sources", source(200)).await.expect(200);
        post("/sources", source(201)).await.expect(422);
    }
}

/// Behind a proxy that does not say who asks, everybody shares one limit: the log says so, once.
#[tokio::test]
async fn a_proxy_that_hides_who_asks_is_in_the_log_once() {
    let mut server = TestServer::start(Kind::Sqlite).await;
    server.leave_work_behind();
    server.demo_brand();
    let (folder, port) = (tempfile::tempdir().unwrap(), Port::reserve());
    let log = folder.path().join("log");
    let mut command = serve(&server, 1, 2, port.number());
    command.env("MANNERLY_BEHIND_PROXY", "true").stderr(std::fs::File::create(&log).unwrap());
    let binary = Program(command.spawn().unwrap());
    until("it listens", || std::net::TcpStream::connect(("127.0.0.1", port.number())).is_ok());
    let url = format!("http://127.0.0.1:{}/b/civic/link", port.number());
    let ask = || server.request("POST", &url).form(&[("email", "nobody@example.com")]);
    let said = || std::fs::read_to_string(&log).unwrap().matches("without X-Forwarded-For").count();
    Answer::to(ask().header("X-Forwarded-For", "192.0.2.1")).await.expect(200);
    assert_eq!(said(), 0);
    for _ in 0..3 {
        Answer::to(ask()).await.expect(200);
    }
    assert_eq!(said(), 1);
    drop(binary);
}
