//! People through the API: their data, their choices with the proof, and their erasure.

use diesel::prelude::*;
use mannerly::db::schema::evidence as kept_evidence;
use mannerly::db::{Database, Kind};
use mannerly::domain::account::Scope;
use mannerly::domain::audience::subscriber;
use mannerly::domain::consent::permission::Kind as Permission;
use mannerly::domain::privacy;
use mannerly::domain::tracking::permission::words;
use mannerly::i18n::Lang;
use mannerly::secret::{hex, sha256};
use serde_json::{Value, json};

use crate::api::{admin, evidence, expect_problem, key, person, pointer};
use crate::person::YEAR;
use crate::support::http::Answer;
use crate::support::programs::until;

/// Returns when a transaction of PostgreSQL waits for another; SQLite lets only one begin.
async fn until_somebody_waits(db: Database) {
    let waiting = "(SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock')";
    let count = move || {
        db.read_here(|conn| {
            use diesel::prelude::*;
            let count = diesel::dsl::sql::<diesel::sql_types::BigInt>(waiting);
            Ok(diesel::select(count).get_result::<i64>(conn)?)
        })
        .unwrap()
    };
    tokio::task::spawn_blocking(move || until("somebody waits", || count() > 0)).await.unwrap();
}

both_databases! {
    async fn a_change_that_meets_an_erasure_leaves_nothing_behind(server: TestServer) {
        let key = admin(&server);
        let brand = server.demo_brand().slug.to_string();
        let opt_in = json!({"brand": brand, "topic": "newsletter", "channel": "email", "state": "granted"});
        let permission = json!({"brand": brand, "kind": "opens", "granted": true});
        for (path, body) in [
            ("profile", json!({"company": "Late Ltd"})),
            ("opt-ins", json!({"opt_ins": [opt_in], "evidence": evidence()})),
            ("permissions", json!({"permissions": [permission], "evidence": evidence()})),
            ("brand-choices", json!({"brand_choices": [{"brand": brand, "at_most": "weekly"}]})),
            ("restriction", Value::Null),
        ] {
            let id = person(&server, &key, &format!("{path}@council.test")).await;
            let row = server.read(|conn| subscriber::find(conn, serde_json::from_value(json!(id)).unwrap())).id;
            let (db, keys, now) = (server.app.db.clone(), server.app.keys.clone(), server.now());
            let (begun, has_begun) = tokio::sync::oneshot::channel();
            let (finish, may_finish) = std::sync::mpsc::channel();
            let erasure = tokio::spawn(async move {
                db.write(move |conn| {
                    let erased = privacy::erase(conn, &keys, row, "test", now)?;
                    begun.send(()).unwrap();
                    may_finish.recv().unwrap();
                    Ok(erased)
                })
                .await
            });
            has_begun.await.unwrap();
            let path = format!("/subscribers/{id}/{path}");
            let change = server.api(&key, "PUT", &path, body);
            let end = async {
                if server.app.db.kind() == Kind::Postgres {
                    until_somebody_waits(server.app.db.clone()).await;
                }
                finish.send(()).unwrap();
            };
            let (answer, ()) = tokio::join!(change, end);
            assert!(erasure.await.unwrap().unwrap());
            expect_problem(answer, 404);
            let left = server.read(|conn| subscriber::get(conn, row));
            assert_eq!((left.email, left.company, left.restricted_at), (None, None, None));
        }
    }

    async fn a_person_is_recorded_found_by_address_and_changed(server: TestServer) {
        let key = admin(&server);
        let id = person(&server, &key, "Ana@Council.test").await;
        let found = server.api(&key, "POST", "/subscribers/lookup", json!({"email": "ANA@council.test"})).await;
        let found = found.expect(200).json();
        assert_eq!((found["id"].as_str(), found["email"].as_str()), (Some(id.as_str()), Some("ana@council.test")));
        assert_eq!(found["source"], "Shop");
        expect_problem(server.api(&key, "POST", "/subscribers/lookup", json!({"email": "b@council.test"})).await, 404);
        let again = json!({"email": "ana@council.test", "source": {"name": "Shop", "kind": "api"}});
        expect_problem(server.api(&key, "POST", "/subscribers", again).await, 409);
        let profile = json!({"company": "Council", "attributes": {"role": "clerk"}});
        let path = format!("/subscribers/{id}/profile");
        let changed = server.api(&key, "PUT", &path, profile).await.expect(200).json();
        assert_eq!(changed["profile"]["company"], "Council");
        assert_eq!(changed["profile"]["first_name"], Value::Null);
        let wrong = json!({"country": "Atlantis"});
        assert_eq!(pointer(&expect_problem(server.api(&key, "PUT", &path, wrong).await, 422)), "/country");
        let list = server.api(&key, "GET", "/subscribers", Value::Null).await.expect(200).json();
        assert_eq!(list["items"][0], changed);
        for named in ["gb", "Britain", "Y Deyrnas Unedig", "Vereinigtes Königreich"] {
            let changed = server.api(&key, "PUT", &path, json!({"country": named})).await.expect(200).json();
            assert_eq!(changed["profile"]["country"], "GB", "{named}");
        }
    }

    async fn being_recorded_is_no_consent(server: TestServer) {
        let key = admin(&server);
        let id = person(&server, &key, "ana@council.test").await;
        for list in ["opt-ins", "permissions", "ledger"] {
            let page = server.api(&key, "GET", &format!("/subscribers/{id}/{list}"), Value::Null).await;
            assert_eq!(page.expect(200).json(), json!({"items": [], "next": null}));
        }
    }

    async fn an_opt_in_needs_evidence_and_is_proved_by_the_ledger(server: TestServer) {
        let key = admin(&server);
        let brand = server.demo_brand().slug.to_string();
        let id = person(&server, &key, "ana@council.test").await;
        let path = format!("/subscribers/{id}/opt-ins");
        let one = |state: &str| json!([{"brand": brand, "topic": "newsletter", "channel": "email", "state": state}]);
        let bare = json!({"opt_ins": one("granted")});
        let problem = expect_problem(server.api(&key, "PUT", &path, bare).await, 422);
        assert_eq!(pointer(&problem), "/evidence");
        let proved = json!({"opt_ins": one("granted"), "evidence": evidence()});
        let page = server.api(&key, "PUT", &path, proved.clone()).await.expect(200).json();
        assert_eq!(page["items"][0]["state"], "granted");
        server.api(&key, "PUT", &path, proved).await.expect(200);
        let page = server.api(&key, "PUT", &path, json!({"opt_ins": one("withdrawn")})).await.expect(200).json();
        assert_eq!(page["items"][0]["state"], "withdrawn");
        let ledger = server.api(&key, "GET", &format!("/subscribers/{id}/ledger?limit=1"), Value::Null).await;
        let first = ledger.expect(200).json();
        let entry = &first["items"][0];
        assert_eq!((&entry["decision"], &entry["wording"]), (&json!("granted"), &json!("Yes, write to me")));
        assert_eq!((&entry["method"], &entry["boxes"][0]["ticked"]), (&json!("api"), &json!(false)));
        assert!(entry["actor"].as_str().unwrap().starts_with("api-key:"));
        let next = first["next"].as_str().unwrap();
        let path = format!("/subscribers/{id}/ledger?limit=1&after={next}");
        let second = server.api(&key, "GET", &path, Value::Null).await.expect(200).json();
        assert_eq!((&second["items"][0]["decision"], &second["next"]), (&json!("withdrawn"), &Value::Null));
    }

    async fn changes_of_opt_ins_are_made_all_or_none(server: TestServer) {
        let key = admin(&server);
        let brand = server.demo_brand().slug.to_string();
        let id = person(&server, &key, "ana@council.test").await;
        let path = format!("/subscribers/{id}/opt-ins");
        let before = server.snapshot();
        for (topic, channel, place) in [("nothing", "email", "topic"), ("webinars", "carrier-pigeon", "channel")] {
            let change = |topic: &str, channel: &str| {
                json!({"brand": brand, "topic": topic, "channel": channel, "state": "granted"})
            };
            let body = json!({"opt_ins": [change("newsletter", "email"), change(topic, channel)], "evidence": evidence()});
            let problem = expect_problem(server.api(&key, "PUT", &path, body).await, 422);
            assert_eq!(pointer(&problem), format!("/opt_ins/1/{place}"));
        }
        assert_eq!(server.snapshot(), before);
    }

    async fn a_supplier_gives_no_soft_opt_in(server: TestServer) {
        let key = admin(&server);
        let brand = server.demo_brand().slug.to_string();
        let form = json!({"email": "ana@council.test", "source": {"name": "List Co", "kind": "supplier"}});
        let made = server.api(&key, "POST", "/subscribers", form).await.expect(201).json();
        let body = json!({"opt_ins": [{"brand": brand, "topic": "newsletter", "channel": "email",
            "state": "granted", "basis": "soft_opt_in"}], "evidence": evidence()});
        let path = format!("/subscribers/{}/opt-ins", made["id"].as_str().unwrap());
        assert_eq!(pointer(&expect_problem(server.api(&key, "PUT", &path, body).await, 422)), "/opt_ins/0/basis");
    }

    async fn a_tracking_permission_needs_evidence_and_can_be_taken_back(server: TestServer) {
        let key = admin(&server);
        let brand = server.demo_brand().slug.to_string();
        let id = person(&server, &key, "ana@council.test").await;
        let path = format!("/subscribers/{id}/permissions");
        let one = |granted: bool| json!([{"brand": brand, "kind": "opens", "granted": granted}]);
        expect_problem(server.api(&key, "PUT", &path, json!({"permissions": one(true)})).await, 422);
        let proved = json!({"permissions": one(true), "evidence": evidence()});
        let page = server.api(&key, "PUT", &path, proved).await.expect(200).json();
        assert_eq!(page["items"][0]["state"], "granted");
        let page = server.api(&key, "PUT", &path, json!({"permissions": one(false)})).await.expect(200).json();
        assert_eq!(page["items"][0]["state"], "refused");
    }

    async fn processing_is_restricted_until_it_is_not(server: TestServer) {
        let key = admin(&server);
        let id = person(&server, &key, "ana@council.test").await;
        let path = format!("/subscribers/{id}/restriction");
        let first = server.api(&key, "PUT", &path, Value::Null).await.expect(200).json();
        assert!(first["restricted_at"].is_string());
        server.advance(std::time::Duration::from_secs(60));
        assert_eq!(server.api(&key, "PUT", &path, Value::Null).await.expect(200).json(), first);
        let freed = server.api(&key, "DELETE", &path, Value::Null).await.expect(200).json();
        assert_eq!(freed["restricted_at"], Value::Null);
    }

    async fn erasure_leaves_the_proof_and_nothing_else(server: TestServer) {
        let key = admin(&server);
        let brand = server.demo_brand().slug.to_string();
        let id = person(&server, &key, "ana@council.test").await;
        let body = json!({"opt_ins": [{"brand": brand, "topic": "newsletter", "channel": "email",
            "state": "granted"}], "evidence": evidence()});
        server.api(&key, "PUT", &format!("/subscribers/{id}/opt-ins"), body).await.expect(200);
        server.api(&key, "DELETE", &format!("/subscribers/{id}"), Value::Null).await.expect(204);
        for gone in ["", "/opt-ins", "/permissions"] {
            let path = format!("/subscribers/{id}{gone}");
            expect_problem(server.api(&key, "GET", &path, Value::Null).await, 404);
        }
        expect_problem(server.api(&key, "DELETE", &format!("/subscribers/{id}"), Value::Null).await, 404);
        let ledger = server.api(&key, "GET", &format!("/subscribers/{id}/ledger"), Value::Null).await;
        assert!(ledger.expect(200).json()["items"].as_array().unwrap().len() >= 2);
        let list = server.api(&key, "GET", "/suppressions", Value::Null).await.expect(200).json();
        assert_eq!(list["items"][0]["reason"], "erasure");
        assert!(!server.snapshot().iter().any(|row| row.contains("ana@council")));
    }

    async fn a_key_for_campaigns_reads_nobody(server: TestServer) {
        let writer = admin(&server);
        let id = person(&server, &writer, "ana@council.test").await;
        let sender = key(&server, &[Scope::Campaigns, Scope::ReadAggregate, Scope::Catalog]);
        expect_problem(server.api(&sender, "GET", &format!("/subscribers/{id}"), Value::Null).await, 403);
        expect_problem(server.api(&sender, "GET", "/subscribers", Value::Null).await, 403);
    }
}

both_databases! {
    async fn a_sign_up_by_a_form_of_ones_own_is_open_and_grants_nothing_before_the_button(server: TestServer) {
        let key = admin(&server);
        let brand = server.demo_brand();
        let (wording, brand) = (brand.consent_wording, brand.slug.to_string());
        let known = person(&server, &key, "ben@council.test").await;
        let path = format!("/api/v1/brands/{brand}/sign-ups");
        let form = |email: &str| {
            json!({"email": email, "choices": ["newsletter:email"], "shown": ["newsletter:email"], "wording": wording})
        };
        for email in ["ana@council.test", "ben@council.test"] {
            let answer = Answer::to(server.request("POST", &path).json(&form(email))).await.expect(202);
            assert_eq!(answer.text, "");
        }
        server.run_jobs().await;
        for email in ["ana@council.test", "ben@council.test"] {
            server.mail_to(email);
        }
        let opt_ins = server.api(&key, "GET", &format!("/subscribers/{known}/opt-ins"), Value::Null).await;
        assert_eq!(opt_ins.expect(200).json()["items"][0]["state"], "pending");
        let wrong = json!({"email": "ana@council.test", "choices": ["nothing:email"], "shown": [], "wording": wording});
        let answer = Answer::to(server.request("POST", &path).json(&wrong)).await;
        assert!(!answer.text.contains("ana@"));
        expect_problem(answer, 422);
    }

    async fn an_anonymous_sign_up_names_the_present_wording_and_no_other(server: TestServer) {
        let brand = server.demo_brand();
        let post = |wording: String, permissions: &[&str]| {
            let form = json!({
                "email": "ana@council.test", "choices": ["newsletter:email"], "shown": ["newsletter:email"],
                "shown_permissions": permissions, "wording": wording,
            });
            let request = server.request("POST", "/api/v1/brands/civic/sign-ups").json(&form);
            async { Answer::to(request).await }
        };
        let own = &brand.consent_wording;
        let sum = |text: &str| hex(&sha256(text.as_bytes()));
        let [opens, clicks] = [Permission::Opens, Permission::Clicks].map(|kind| words(kind, Lang::English, YEAR));
        let whole = format!("{own}\n\n{opens}\n\n{clicks}");
        for wrong in [String::new(), "I owe you money".into(), sum("I owe you money"), format!("{own} And more.")] {
            expect_problem(post(wrong, &[]).await, 409);
        }
        expect_problem(post(own.clone(), &["opens"]).await, 409);
        for right in [own.clone(), format!(" {own}\r\n"), sum(own), whole.clone()] {
            post(right, &[]).await.expect(202);
        }
        post(sum(&whole), &["opens"]).await.expect(202);
        server.run_jobs().await;
        server.mails();
        let kept: Vec<String> = server.read(|conn| Ok(kept_evidence::table.select(kept_evidence::wording).load(conn)?));
        assert!(!kept.is_empty() && kept.iter().all(|wording| wording == own || *wording == whole), "{kept:?}");
    }

    async fn a_key_that_asks_too_often_is_told_when_to_come_again(server: TestServer) {
        let key = admin(&server);
        let mut left = mannerly::web::limit::API_AT_ONCE;
        while left > 0 {
            left -= 1;
            let answer = server.api(&key, "GET", "/brands?limit=0", Value::Null).await.expect(422);
            assert_eq!(answer.header("ratelimit-policy"), "\"key\";q=1000;w=20");
            assert!(answer.header("ratelimit").starts_with(&format!("\"key\";r={left};t=")), "{left}");
        }
        let answer = server.api(&key, "GET", "/brands", Value::Null).await;
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(answer.header("ratelimit"), "\"key\";r=0;t=20");
        expect_problem(answer, 429);
        server.api(&admin(&server), "GET", "/brands", Value::Null).await.expect(200);
        server.advance(std::time::Duration::from_secs(1));
        server.api(&key, "GET", "/brands", Value::Null).await.expect(200);
    }
}
