//! An erasure in the files of the database: nothing of the person is left in them, not in what is free and not in the log
//! (L-34). PostgreSQL's files are PostgreSQL's; there, and everywhere, the rows are looked at in `privacy`.

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use mannerly::domain::audience::subscriber;
use serde_json::{Value, json};

use crate::person::Person;
use crate::sign_up::sign_up;
use crate::support::server::TestServer;

const ADDRESS: &str = "zqcanary@zqcouncil.example";

/// All that is typed about the person, at first and as a correction.
const TYPED: [&str; 9] = [
    "zqcanary",
    "zqcouncil",
    "Zqfirst",
    "Zqlast",
    "496 7777",
    "77 Zqstreet",
    "Zqother",
    "496 8888",
    "88 Zqroad",
];

/// The file of a server's database; none where it has no file of ours.
fn file(server: &TestServer) -> Option<String> {
    server.database_url().strip_prefix("sqlite:").map(str::to_owned)
}

/// Which of the values are in the files.
fn found(file: &str) -> Vec<&'static str> {
    let read = |end| std::fs::read(format!("{file}{end}")).unwrap_or_default();
    let all: Vec<u8> = ["", "-wal", "-journal"].into_iter().flat_map(read).collect();
    let holds = |word: &str| all.windows(word.len()).any(|part| part == word.as_bytes());
    TYPED.into_iter().filter(|word| holds(word)).collect()
}

/// Somebody who signed up for everything that needs data, confirmed it, and was corrected since.
async fn somebody(server: &TestServer, key: &str) -> Person {
    let typed = [
        ("choice", "newsletter:email"),
        ("shown", "events:phone"),
        ("choice", "events:phone"),
        ("shown", "events:post"),
        ("choice", "events:post"),
        ("first_name", "Zqfirst"),
        ("last_name", "Zqlast"),
        ("phone", "+44 118 496 7777"),
        ("postal_address", "77 Zqstreet, Town"),
    ];
    sign_up(server, ADDRESS, &typed).await.expect(200);
    server.run_jobs().await;
    server.confirm(&server.mail_to(ADDRESS).link("/confirm/")).await.expect(200);
    let brand = server.read(|conn| mannerly::domain::catalog::brand::find(conn, "civic"));
    let person = Person { id: server.person_id(ADDRESS), brand };
    let profile =
        json!({"first_name": "Zqother", "phone": "+44 118 496 8888", "postal_address": "88 Zqroad, Town"});
    server.api(key, "PUT", &format!("{}/profile", path(server, &person)), profile).await.expect(200);
    person
}

fn path(server: &TestServer, person: &Person) -> String {
    format!("/subscribers/{}", server.read(|conn| subscriber::get(conn, person.id)).public_id)
}

both_databases! {
    async fn after_an_erasure_no_file_of_the_database_has_anything_of_the_person(server: TestServer) {
        let Some(file) = file(&server) else { return };
        server.demo_brand();
        let key = crate::api::admin(&server);
        let person = somebody(&server, &key).await;
        assert_eq!(found(&file), TYPED, "all of it was there");
        server.api(&key, "DELETE", &path(&server, &person), Value::Null).await.expect(204);
        assert_eq!(found(&file), [""; 0], "erased by the API");
    }

    async fn an_erasure_on_the_persons_own_page_leaves_nothing_in_the_files_either(server: TestServer) {
        let Some(file) = file(&server) else { return };
        server.demo_brand();
        let person = somebody(&server, &crate::api::admin(&server)).await;
        let understood = [("action", "erase"), ("understood", "yes")];
        server.post_form(&person.data(&server), &understood).await.expect(200);
        assert_eq!(found(&file), [""; 0]);
    }

    async fn where_somebody_was_reading_the_log_is_emptied_as_soon_as_they_are_done(server: TestServer) {
        let Some(file) = file(&server) else { return };
        server.demo_brand();
        let key = crate::api::admin(&server);
        let person = somebody(&server, &key).await;
        let mut reader = SqliteConnection::establish(&file).unwrap();
        reader.batch_execute("BEGIN; SELECT count(*) FROM subscriber;").unwrap();
        server.api(&key, "DELETE", &path(&server, &person), Value::Null).await.expect(204);
        assert_ne!(found(&file), [""; 0], "what is being read is still there");
        reader.batch_execute("COMMIT").unwrap();
        server.run_jobs().await;
        assert_eq!(found(&file), [""; 0]);
    }

    async fn a_server_that_starts_empties_what_another_left_in_the_log(server: TestServer) {
        let Some(file) = file(&server) else { return };
        server.demo_brand();
        let person = somebody(&server, &crate::api::admin(&server)).await;
        // As a server that is killed between the erasure and the log: it only commits.
        person.erase(&server);
        assert_ne!(found(&file), [""; 0]);
        drop(TestServer::beside(&server));
        assert_eq!(found(&file), [""; 0]);
    }
}
