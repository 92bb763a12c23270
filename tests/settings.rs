//! What an operator sets for opens and clicks counts in the real server: a file of known machines of their own, how long it
//! is quiet before a hit is judged, and for how long hits are kept.

use std::cell::RefCell;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use diesel::prelude::*;
use mannerly::clock::{Clock, Moment};
use mannerly::db::schema::hit;
use mannerly::domain::consent::permission::Kind;
use mannerly::domain::tracking::{Class, Reason};

use crate::cli::fails;
use crate::support::http::Answer;
use crate::support::programs::{Port, Program, serve, until};
use crate::support::server::{SECRET, TestServer};
use crate::tracking::{browse, link_of, pixel_of, reader, send};

const MINUTE: Duration = Duration::from_secs(60);

/// Starts the real server with some settings and waits until it answers.
fn boot(server: &TestServer, port: &Port, settings: &[(&str, &str)]) -> Program {
    let mut command = serve(server, 1, 1, port.number());
    let program = Program(command.envs(settings.iter().copied()).stderr(Stdio::null()).spawn().unwrap());
    until("the server listens", || std::net::TcpStream::connect(("127.0.0.1", port.number())).is_ok());
    program
}

/// Says that all hits of a kind came at this moment.
fn let_it_have_come(server: &TestServer, kind: Kind, at: Moment) {
    server.write(|conn, _| {
        Ok(diesel::update(hit::table.filter(hit::kind.eq(kind))).set(hit::at.eq(at)).execute(conn)?)
    });
}

/// What is kept: of which kind, and what it was taken for.
fn kept(server: &TestServer) -> Vec<(Kind, Option<Class>)> {
    server.read(|conn| Ok(hit::table.order(hit::id).select((hit::kind, hit::class)).load(conn)?))
}

/// A file of machines: one program and one network that nobody else knows.
fn write_machines(folder: &Path, class: &str) -> String {
    let file = folder.join("machines.toml");
    let text = format!(
        "[[agent]]\nname = \"Our checker\"\nclass = \"{class}\"\nsource = \"ours\"\ncontains = [\"xyzzy\"]\n\
         [[network]]\nname = \"Our cache\"\nclass = \"prefetch\"\nfor = \"opens\"\nsource = \"ours\"\n\
         ranges = [\"198.51.100.0/24\"]\n"
    );
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

both_databases! {
    async fn hits_are_judged_after_the_quiet_time_and_kept_for_the_days_that_the_operator_set(server: TestServer) {
        let brand = server.demo_brand();
        reader(&server, &brand, "ana@example.com", Some(true));
        send(&server, &brand).await;
        let letter = server.mail_to("ana@example.com");
        server.advance(MINUTE);
        browse(&server, &pixel_of(&letter).unwrap()).await.expect(200);
        browse(&server, &link_of(&letter)).await.expect(302);
        until("both are stored", || kept(&server).len() == 2);
        // The binary goes by the real clock: so long ago that its usual settings would not judge the one nor forget the other.
        let now = Clock::System.now();
        let_it_have_come(&server, Kind::Opens, now.minus(2 * MINUTE));
        let_it_have_come(&server, Kind::Clicks, now.minus(2 * 24 * 60 * MINUTE));
        let settings = [("MANNERLY_QUIET_TIME", "60"), ("MANNERLY_KEEP_HITS", "1")];
        let _running = boot(&server, &Port::reserve(), &settings);
        until("the open is judged and the click forgotten", || {
            matches!(kept(&server)[..], [(Kind::Opens, Some(_))])
        });
    }

    async fn an_operator_s_own_file_of_machines_says_what_a_hit_is(server: TestServer) {
        const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
        const GMAIL: &str = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)";
        let cases = [
            ("Mozilla/5.0 XYZZY/1", "192.0.2.1", Reason::ScannerAgent),
            (BROWSER, "198.51.100.7", Reason::PrefetchNetwork),
            (BROWSER, "192.0.2.2", Reason::Plausible),
            // It stands in place of the built-in one, and not beside it.
            (GMAIL, "192.0.2.3", Reason::Plausible),
        ];
        let brand = server.demo_brand();
        let people: Vec<i64> = (0..cases.len())
            .map(|n| reader(&server, &brand, &format!("reader{n}@example.com"), Some(true)).id)
            .collect();
        send(&server, &brand).await;
        let folder = tempfile::tempdir().unwrap();
        let machines = write_machines(folder.path(), "scanner");
        let port = Port::reserve();
        let settings = [("MANNERLY_MACHINES", machines.as_str()), ("MANNERLY_BEHIND_PROXY", "true")];
        let running = boot(&server, &port, &settings);
        for (n, (agent, client, _)) in cases.iter().enumerate() {
            let letter = server.mail_to(&format!("reader{n}@example.com"));
            let path = pixel_of(&letter).unwrap().replace(&server.url("/"), "/");
            let request = server.request("GET", &format!("http://127.0.0.1:{}{path}", port.number()));
            let request = request.header("User-Agent", *agent).header("Accept-Language", "en");
            Answer::to(request.header("X-Forwarded-For", *client)).await.expect(200);
        }
        until("all are stored", || kept(&server).len() == cases.len());
        drop(running);
        server.advance(MINUTE);
        let_it_have_come(&server, Kind::Opens, server.now());
        server.advance(11 * MINUTE);
        server.run_jobs().await;
        for (person, (agent, client, wanted)) in people.into_iter().zip(cases) {
            let verdict = hit::table.filter(hit::subscriber_id.eq(person)).select((hit::class, hit::reason));
            let verdict: (Option<Class>, Option<Reason>) = server.read(|conn| Ok(verdict.first(conn)?));
            assert_eq!(verdict, (Some(wanted.class()), Some(wanted)), "{agent} of {client}");
        }
    }

    async fn a_file_of_machines_that_cannot_be_used_is_refused_and_the_server_does_not_start(server: TestServer) {
        let folder = tempfile::tempdir().unwrap();
        let machines = write_machines(folder.path(), "human");
        let log = folder.path().join("log");
        let mut command = serve(&server, 1, 1, Port::reserve().number());
        command.env("MANNERLY_MACHINES", &machines).stderr(std::fs::File::create(&log).unwrap());
        let refused = RefCell::new(Program(command.spawn().unwrap()));
        until("it has ended", || refused.borrow_mut().0.try_wait().unwrap().is_some());
        assert!(!refused.borrow_mut().0.wait().unwrap().success());
        let said = std::fs::read_to_string(log).unwrap();
        assert!(said.contains("--machines: agent \"Our checker\": the class \"human\""), "{said}");

        let missing = ["check-config", "--secret", SECRET, "--machines", "nowhere.toml"];
        let said = fails(folder.path(), &missing);
        assert!(said.starts_with("--machines: It cannot be read: "), "{said}");
    }
}
