//! What programs tell of a person's consent: believed where it can be consent, and never against what the person did
//! since.

use std::time::Duration;

use diesel::prelude::*;
use mannerly::clock::{DAY, Moment};
use mannerly::db::schema::{brand as brands, source as sources};
use mannerly::domain::account::Scope;
use mannerly::domain::catalog::{Brand, Channel};
use mannerly::domain::consent::opt_in::State;
use mannerly::domain::consent::permission::{Kind, State as Permission};
use mannerly::domain::consent::suppression::Reason;
use serde_json::{Value, json};

use crate::api::{admin, evidence, evidence_of, expect_problem, key, person, pointer};
use crate::consent::import_file;
use crate::person::Person;
use crate::support::http::Answer;
use crate::support::people::own_source;
use crate::support::server::TestServer;

const ANA: &str = "ana@council.test";
const ONE_CLICK: [(&str, &str); 1] = [("List-Unsubscribe", "One-Click")];

/// A grant of a topic by email.
fn grant(topic: &str) -> Value {
    json!({"brand": "civic", "topic": topic, "channel": "email", "state": "granted"})
}

/// A grant of the newsletter by email, with what the person saw.
fn newsletter(evidence: Value) -> Value {
    json!({"opt_ins": [grant("newsletter")], "evidence": evidence})
}

fn allow(kind: &str, evidence: Value) -> Value {
    json!({"permissions": [{"brand": "civic", "kind": kind, "granted": true}], "evidence": evidence})
}

/// A program that knows a person.
struct Crm<'a> {
    server: &'a TestServer,
    key: String,
    id: String,
    person: Person,
}

impl<'a> Crm<'a> {
    async fn of(server: &'a TestServer, email: &str) -> Self {
        let (key, brand) = (admin(server), server.demo_brand());
        let id = person(server, &key, email).await;
        Self { server, key, id, person: Person { id: server.person_id(email), brand } }
    }

    async fn put(&self, what: &str, body: Value) -> Answer {
        self.server.api(&self.key, "PUT", &format!("/subscribers/{}/{what}", self.id), body).await
    }

    /// Sees that it is refused as a conflict, says why, and changes nothing.
    async fn refuses(&self, what: &str, body: Value, why: &str) {
        let before = self.server.snapshot();
        let problem = expect_problem(self.put(what, body).await, 409);
        assert!(problem["detail"].as_str().unwrap().contains(why), "{problem}");
        assert_eq!(self.server.snapshot(), before);
    }

    async fn is_no_consent(&self, what: &str, body: Value, at: &str) {
        let before = self.server.snapshot();
        assert_eq!(pointer(&expect_problem(self.put(what, body).await, 422)), at);
        assert_eq!(self.server.snapshot(), before);
    }

    fn newsletter(&self) -> Option<State> {
        self.person.state(self.server, "newsletter", Channel::Email)
    }
}

/// What becomes of a campaign about the newsletter that is sent now.
async fn outcome(server: &TestServer, brand: &Brand) -> String {
    let campaign = server.campaign(brand);
    server.run_jobs().await;
    server.mails();
    server.outcomes(&campaign).into_iter().map(|(what, _)| what).collect()
}

both_databases! {
    async fn what_a_person_ended_is_not_granted_again_by_what_they_said_before(server: TestServer) {
        let crm = Crm::of(&server, ANA).await;
        crm.put("opt-ins", newsletter(evidence())).await.expect(200);
        assert_eq!(outcome(&server, &crm.person.brand).await, "sent");
        server.post_form(&crm.person.unsubscribe(&server), &ONE_CLICK).await.expect(200);
        crm.refuses("opt-ins", newsletter(evidence()), "opt_ins.0: it was ended").await;
        let both = json!({"opt_ins": [grant("transport"), grant("newsletter")], "evidence": evidence()});
        crm.refuses("opt-ins", both, "opt_ins.0: it was ended").await;
        crm.refuses("opt-ins", newsletter(evidence_of(server.now())), "given_at").await;
        assert_eq!(outcome(&server, &crm.person.brand).await, "skipped withdrawn");
        server.advance(Duration::from_secs(1));
        let anew = server.now();
        crm.put("opt-ins", newsletter(evidence_of(anew))).await.expect(200);
        assert_eq!(outcome(&server, &crm.person.brand).await, "sent", "they agreed again later");
    }

    async fn tracking_that_a_person_took_back_is_not_allowed_again_by_what_they_said_before(server: TestServer) {
        let crm = Crm::of(&server, ANA).await;
        crm.put("permissions", allow("opens", evidence())).await.expect(200);
        crm.put("permissions", allow("opens", evidence())).await.expect(200);
        let form = server.form(&crm.person.preferences(&server), "no-tracking").await;
        server.press(&form).await.expect(200);
        crm.refuses("permissions", allow("opens", evidence()), "permissions.0: it was ended or refused").await;
        server.advance(Duration::from_secs(1));
        crm.put("permissions", allow("opens", evidence_of(server.now()))).await.expect(200);
        assert_eq!(crm.person.permission(&server, Kind::Opens), Some(Permission::Granted));
    }

    async fn a_grant_says_when_it_was_given_and_holds_from_then(server: TestServer) {
        let crm = Crm::of(&server, ANA).await;
        let mut silent = evidence();
        silent.as_object_mut().unwrap().remove("given_at");
        let to_come = evidence_of(server.now().plus(Duration::from_secs(1)));
        for wrong in [silent, to_come] {
            crm.is_no_consent("opt-ins", newsletter(wrong.clone()), "/evidence/given_at").await;
            crm.is_no_consent("permissions", allow("opens", wrong), "/evidence/given_at").await;
        }
        let given = "2026-11-01T09:00:00Z";
        let page = crm.put("opt-ins", newsletter(evidence())).await.expect(200).json();
        assert_eq!(page["items"][0]["changed_at"], given);
        let page = crm.put("permissions", allow("opens", evidence())).await.expect(200).json();
        assert_eq!(page["items"][0]["changed_at"], given);
        assert!(crm.person.ledger(&server).iter().all(|entry| entry.at == Moment::parse(given).unwrap()));
        let before = server.snapshot();
        for at in ["2026-10-01T09:00:00Z", given] {
            crm.put("opt-ins", newsletter(evidence_of(Moment::parse(at).unwrap()))).await.expect(200);
        }
        assert_eq!(server.snapshot(), before, "it is in force already");
        let mut until = newsletter(evidence_of(Moment::parse("2026-10-01T09:00:00Z").unwrap()));
        until["opt_ins"][0]["expires_at"] = json!("2027-01-01T00:00:00Z");
        crm.refuses("opt-ins", until, "something else was agreed to").await;

        server.advance(Duration::from_secs(1));
        let refresh = server.now();
        server.write(|conn, now| Ok(diesel::update(brands::table).set(brands::refresh_consents_before.eq(now)).execute(conn)?));
        crm.put("opt-ins", newsletter(evidence())).await.expect(200);
        assert!(outcome(&server, &crm.person.brand).await.starts_with("skipped"), "what is sent again is not newer for it");
        crm.put("opt-ins", newsletter(evidence_of(refresh))).await.expect(200);
        assert_eq!(outcome(&server, &crm.person.brand).await, "sent");
    }

    async fn what_is_no_consent_is_refused_by_its_field(server: TestServer) {
        let crm = Crm::of(&server, ANA).await;
        let mut soft = newsletter(evidence());
        soft["opt_ins"][0]["basis"] = json!("soft_opt_in");
        crm.is_no_consent("opt-ins", soft.clone(), "/opt_ins/0/optout_offered_at_collection").await;
        for (name, what) in [("newsletter:email", "opt-ins"), ("permission:opens", "permissions")] {
            let mut shown = evidence();
            shown["boxes"] = json!([{"name": "terms", "ticked": true}, {"name": name, "ticked": true}]);
            let body = if what == "opt-ins" { newsletter(shown) } else { allow("opens", shown) };
            crm.is_no_consent(what, body, "/evidence/boxes/1/ticked").await;
        }
        soft["opt_ins"][0]["optout_offered_at_collection"] = json!(true);
        crm.put("opt-ins", soft).await.expect(200);
    }

    async fn a_suppliers_contact_agreed_to_us_only_if_the_wording_names_us(server: TestServer) {
        let (key, brand) = (admin(&server), server.demo_brand());
        let form = json!({"email": ANA, "source": {"name": "List Co", "kind": "supplier"}});
        let id = server.api(&key, "POST", "/subscribers", form).await.expect(201).json()["id"].as_str().unwrap().to_owned();
        let crm = Crm { server: &server, key, id, person: Person { id: server.person_id(ANA), brand: brand.clone() } };
        let mut shown = evidence();
        shown["wording"] = json!("I agree to offers from selected partners");
        crm.is_no_consent("opt-ins", newsletter(shown.clone()), "/evidence/wording").await;
        crm.is_no_consent("permissions", allow("opens", shown.clone()), "/evidence/wording").await;
        shown["wording"] = json!(format!("I agree that {} writes to me", brand.name.to_uppercase()));
        crm.put("opt-ins", newsletter(shown)).await.expect(200);
        assert_eq!(crm.newsletter(), Some(State::Granted));
    }

    async fn while_processing_is_restricted_nothing_is_granted_and_everything_can_end(server: TestServer) {
        let crm = Crm::of(&server, ANA).await;
        crm.put("opt-ins", newsletter(evidence())).await.expect(200);
        crm.put("permissions", allow("opens", evidence())).await.expect(200);
        crm.put("restriction", Value::Null).await.expect(200);
        let webinars = json!({"opt_ins": [grant("transport")], "evidence": evidence()});
        crm.refuses("opt-ins", webinars, "restricted").await;
        crm.refuses("permissions", allow("clicks", evidence()), "restricted").await;
        let file = format!("email,last_name,topics,consented_at\n{ANA},Changed,transport:email,2026-11-10T00:00:00Z\n");
        let before = server.snapshot();
        let report = import_file(&server, own_source(), &file);
        assert_eq!((report.restricted, report.updated, report.opt_ins), (1, 0, 0));
        let no_source = |rows: Vec<String>| rows.into_iter().filter(|row| !row.starts_with("source: ")).collect::<Vec<_>>();
        assert_eq!(no_source(server.snapshot()), no_source(before));
        let end = json!({"opt_ins": [{"brand": "civic", "topic": "newsletter", "channel": "email", "state": "withdrawn"}]});
        crm.put("opt-ins", end).await.expect(200);
        let refuse = json!({"permissions": [{"brand": "civic", "kind": "opens", "granted": false}]});
        crm.put("permissions", refuse).await.expect(200);
        assert_eq!(crm.newsletter(), Some(State::Withdrawn));
        server.api(&crm.key, "DELETE", &format!("/subscribers/{}", crm.id), Value::Null).await.expect(204);
    }

    async fn no_program_grants_anything_against_an_objection(server: TestServer) {
        let crm = Crm::of(&server, ANA).await;
        server.suppress(ANA, None, Reason::Objection);
        server.advance(Duration::from_secs(1));
        crm.refuses("opt-ins", newsletter(evidence_of(server.now())), "objected").await;
        crm.refuses("permissions", allow("opens", evidence_of(server.now())), "objected").await;
    }

    async fn an_objection_that_is_said_again_covers_what_was_agreed_to_in_between(server: TestServer) {
        let crm = Crm::of(&server, ANA).await;
        for topic in ["newsletter", "transport"] {
            server.suppress(ANA, None, Reason::Objection);
            server.advance(DAY);
            let form = server.form(&crm.person.preferences(&server), "save").await;
            let ticked = format!("{topic}:email");
            assert!(!form.pressed().contains(&("choice", "newsletter:email")), "nothing is ticked while they object");
            server.press(&form.tick("choice", &ticked)).await.expect(200);
            server.advance(DAY);
        }
        assert_eq!(crm.newsletter(), Some(State::Withdrawn));
        assert_eq!(crm.person.state(&server, "transport", Channel::Email), Some(State::Granted));
    }

    async fn who_was_erased_or_is_a_child_is_not_recorded_by_a_program(server: TestServer) {
        let key = admin(&server);
        for (reason, word) in [(Reason::Under13, "under_13"), (Reason::Erasure, "erasure")] {
            let email = format!("{word}@council.test");
            server.suppress(&email, None, reason);
            let before = server.snapshot();
            let form = json!({"email": email, "profile": {"first_name": "Kid"}, "source": {"name": "CRM", "kind": "api"}});
            let problem = expect_problem(server.api(&key, "POST", "/subscribers", form).await, 409);
            assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
            let unused = |rows: Vec<String>| rows.into_iter().filter(|row| !row.starts_with("api_key: ")).collect::<Vec<_>>();
            assert_eq!(unused(server.snapshot()), unused(before));
        }
        server.suppress("objects@council.test", None, Reason::Objection);
        person(&server, &key, "objects@council.test").await;
    }

    async fn a_key_that_may_only_write_people_reads_none_and_says_nothing_of_suppliers(server: TestServer) {
        let crm = Crm::of(&server, ANA).await;
        let writer = Crm { key: key(&server, &[Scope::WritePerson]), id: crm.id.clone(), server: &server,
            person: Person { id: crm.person.id, brand: crm.person.brand.clone() } };
        for (what, body) in [
            ("opt-ins", json!({"opt_ins": []})),
            ("permissions", json!({"permissions": []})),
            ("brand-choices", json!({"brand_choices": []})),
            ("profile", json!({"first_name": "Anna"})),
            ("restriction", Value::Null),
        ] {
            assert!(writer.put(what, body.clone()).await.expect(204).bytes.is_empty(), "{what}");
            crm.put(what, body).await.expect(200);
        }
        let path = format!("/subscribers/{}/restriction", crm.id);
        server.api(&writer.key, "DELETE", &path, Value::Null).await.expect(204);

        let supplier = |more: Value| {
            let mut from = json!({"name": "List Co", "kind": "supplier"});
            from.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            from
        };
        let until = |year: i32| json!({"licence_until": format!("{year}-01-01T00:00:00Z")});
        let record = async |email: &str, from: Value| {
            server.api(&writer.key, "POST", "/subscribers", json!({"email": email, "source": from})).await
        };
        expect_problem(record("a@council.test", supplier(json!({}))).await, 403);
        server.api(&crm.key, "POST", "/sources", supplier(until(2027))).await.expect(200);
        expect_problem(record("a@council.test", supplier(until(2099))).await, 403);
        let query = "brand=civic&source=List%20Co&source_kind=supplier&basis=consent&wording=Civic%20Notes\
            &licence_until=2099-01-01T00:00:00Z";
        let import = server.request("POST", &format!("/api/v1/imports?{query}")).bearer_auth(&writer.key);
        let import = import.header("content-type", "text/csv").body("email\na@council.test\n");
        expect_problem(Answer::to(import).await, 403);
        record("a@council.test", supplier(json!({}))).await.expect(201);
        record("b@council.test", supplier(until(2027))).await.expect(201);
        let kept: Option<Moment> = server.read(|conn| {
            Ok(sources::table.filter(sources::name.eq("List Co")).select(sources::licence_until).first(conn)?)
        });
        assert_eq!(kept, Moment::parse("2027-01-01T00:00:00Z"));
    }
}
