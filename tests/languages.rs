//! Which language a page and a mail speak, and that the ledger keeps the words that were on the screen.

use diesel::prelude::*;
use mannerly::db::schema::subscriber;
use mannerly::domain::consent::ledger;
use mannerly::domain::consent::permission::Kind;
use mannerly::domain::tracking::permission::words;
use mannerly::i18n::Lang;
use serde_json::{Value, json};

use crate::api::admin;
use crate::person::{Person, YEAR};
use crate::sign_up::states;
use crate::support::form::field;
use crate::support::http::{Answer, seen};
use crate::support::mail::Mail;
use crate::support::server::TestServer;

async fn get_in(server: &TestServer, path: &str, languages: &str) -> Answer {
    Answer::to(server.request("GET", path).header("accept-language", languages)).await
}

async fn post_in(server: &TestServer, path: &str, languages: &str, fields: &[(&str, &str)]) -> Answer {
    Answer::to(server.request("POST", path).header("accept-language", languages).form(fields)).await
}

fn speaks(answer: &Answer, lang: Lang) {
    let root = format!("<html lang=\"{}\" dir=\"{}\">", lang.tag(), lang.direction());
    assert!(answer.text.contains(&root), "{root}: {}", answer.text);
    assert_eq!(answer.header("content-language"), lang.tag());
    assert_eq!(answer.header("vary"), "Accept-Language");
}

/// Signs up somebody who reads this language, and confirms it; returns the mail that asked for that.
async fn subscribe(server: &TestServer, address: &str, lang: Lang) -> Mail {
    let page = get_in(server, "/b/civic/sign-up", lang.tag()).await.expect(200).text;
    let fields = [
        ("email", address),
        ("seen", seen(&page)),
        ("shown_language", lang.tag()),
        ("shown", "newsletter:email"),
        ("choice", "newsletter:email"),
        ("shown_permission", "opens"),
        ("permission", "opens"),
    ];
    post_in(server, "/b/civic/sign-up", lang.tag(), &fields).await.expect(200);
    server.run_jobs().await;
    let confirmation = server.mail_to(address);
    server.confirm(&confirmation.link("/confirm/")).await.expect(200);
    confirmation
}

/// Every service mail to somebody who reads this language.
pub(crate) async fn service_mails(server: &TestServer, lang: Lang) -> Vec<(&'static str, Mail)> {
    let tag = lang.tag().to_lowercase();
    let (address, others) = (format!("{tag}@example.com"), format!("other-{tag}@example.com"));
    let confirmation = subscribe(server, &address, lang).await;
    subscribe(server, &others, lang).await;
    server.post_form("/b/civic/link", &[("email", &address)]).await.expect(200);
    server.run_jobs().await;
    let preferences = server.mail_to(&address);
    server.post_form(&preferences.link("/p/"), &[("action", "data-link")]).await.expect(200);
    server.run_jobs().await;
    let data = server.mail_to(&address);
    let moved = format!("moved-{address}");
    for wished in [&others, &moved] {
        let fields =
            [("action", "change-address"), ("new_email", wished.as_str()), ("shown_language", lang.tag())];
        server.post_form(&data.link("/d/"), &fields).await.expect(200);
        server.run_jobs().await;
    }
    let taken = server.mail_to(&others);
    let change = server.mail_to(&moved);
    server.post_form(&change.link("/a/"), &[]).await.expect(200);
    server.run_jobs().await;
    let changed = server.mail_to(&address);
    vec![
        ("confirmation", confirmation),
        ("preference-link", preferences),
        ("data-link", data),
        ("address-change", change),
        ("address-changed", changed),
        ("address-taken", taken),
    ]
}

both_databases! {
    async fn a_page_speaks_the_browsers_language_and_else_english(server: TestServer) {
        server.demo_brand();
        for (languages, lang, words) in [
            ("cy, en;q=0.5", Lang::Welsh, "Clywed gan Civic Notes"),
            ("de-CH", Lang::German, "Von Civic Notes hören"),
            ("pl, fr;q=0.9, en;q=0.8", Lang::French, "Recevoir des nouvelles de Civic Notes"),
            ("pl", Lang::English, "Hear from Civic Notes"),
        ] {
            let page = get_in(&server, "/b/civic/sign-up", languages).await.expect(200);
            speaks(&page, lang);
            assert!(page.text.contains(words), "{}", page.text);
            speaks(&get_in(&server, "/b/civic/sign-up?lang=fr", languages).await, Lang::French);
        }
    }

    async fn a_letter_goes_out_in_each_language_of_its_draft_or_its_brand(server: TestServer) {
        let (key, brand) = (admin(&server), server.demo_brand());
        server.person(&brand, "ana@example.com").agrees("newsletter");
        for (lang, unsubscribe, preferences) in [
            (Lang::English, "Unsubscribe", "Preferences"), (Lang::Welsh, "Dad-danysgrifio", "Dewisiadau"),
            (Lang::German, "Abbestellen", "Einstellungen"), (Lang::French, "Se désabonner", "Préférences"),
        ] {
            for is_of_brand in [false, true] {
                let mut form = server.api(&key, "GET", "/brands/civic", Value::Null).await.expect(200).json();
                form["language"] = if is_of_brand { json!(lang.tag()) } else { Value::Null };
                form.as_object_mut().unwrap().remove("changed_at");
                server.api(&key, "PUT", "/brands/civic", form).await.expect(200);
                let of_draft = (!is_of_brand).then(|| lang.tag().to_owned());
                let draft = server.draft(&brand, |form| form.language = of_draft);
                let path = format!("/campaigns/{}/schedule", draft.public_id);
                server.api(&key, "POST", &path, json!({})).await.expect(200);
                server.run_jobs().await;
                let mail = server.mail_to("ana@example.com");
                for words in [unsubscribe, preferences] {
                    assert!(mail.html.contains(words) && mail.text.contains(words), "{words}: {}", mail.text);
                }
            }
        }
    }

    async fn a_page_leads_to_itself_in_the_other_languages(server: TestServer) {
        let person = Person::reader(&server);
        for path in ["/", "/b/civic/sign-up", "/b/civic/link", "/b/civic/archive", &person.preferences(&server), &person.data(&server)] {
            let page = get_in(&server, path, "de").await.expect(200).text;
            for (lang, name) in [("en-GB", "English"), ("cy", "Cymraeg"), ("fr", "Français")] {
                let link = format!("<a href=\"?lang={lang}\" lang=\"{lang}\" hreflang=\"{lang}\">{name}</a>");
                assert!(page.contains(&link), "{path}: {link}");
            }
            assert!(page.contains("<span aria-current=\"true\">Deutsch</span>"), "{path}");
            speaks(&get_in(&server, &format!("{path}?lang=cy"), "de").await.expect(200), Lang::Welsh);
        }
        let second = get_in(&server, "/b/civic/archive?page=2", "de").await.expect(200).text;
        assert!(second.contains("href=\"?page=2&#38;lang=fr\""), "the rest of its address stays");
    }

    async fn an_answer_to_a_form_leads_to_no_other_language_of_itself(server: TestServer) {
        let person = Person::reader(&server);
        let sent = server.post_form("/b/civic/link", &[("email", "nobody@example.com")]).await.expect(200).text;
        let wrong = server.post_form("/b/civic/link", &[("email", "nobody")]).await.expect(422).text;
        let lost = server.get("/no-such-page").await.expect(404).text;
        for page in [sent, wrong, lost] {
            assert!(!page.contains("hreflang"), "{page}");
        }
        let fields = [("List-Unsubscribe", "One-Click"), ("page", "1")];
        let done = server.post_form(&person.unsubscribe(&server), &fields).await.expect(200).text;
        assert!(done.contains("href=\"/r/") && !done.contains("href=\"?lang"), "what was done has a page of its own: {done}");
        server.run_jobs().await;
    }

    async fn what_went_wrong_is_said_in_the_browsers_language(server: TestServer) {
        for (path, status) in [("/no-such-page", 404), ("/p/forged", 404), ("/u/forged", 404), ("/b/none/sign-up", 404)] {
            let answer = get_in(&server, path, "de").await.expect(status);
            speaks(&answer, Lang::German);
            assert!(answer.text.contains("<title>Fehler: Seite nicht gefunden</title>"), "{path}");
        }
        let wrong = Answer::to(server.request("DELETE", "/").header("accept-language", "cy")).await.expect(405);
        speaks(&wrong, Lang::Welsh);
        assert!(wrong.header("allow").contains("GET"));
    }

    async fn a_persons_own_language_wins_over_the_browsers(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        speaks(&get_in(&server, &url, "de").await.expect(200), Lang::German);
        server.write(|conn, _| {
            diesel::update(subscriber::table).set(subscriber::locale.eq("fr-BE")).execute(conn)?;
            Ok(())
        });
        let page = get_in(&server, &url, "de").await.expect(200);
        speaks(&page, Lang::French);
        assert!(page.text.contains("La question ne vous a pas encore été posée"));
        speaks(&get_in(&server, &person.unsubscribe(&server), "de").await.expect(200), Lang::French);
    }

    async fn the_ledger_keeps_the_words_of_the_language_in_which_they_were_read(server: TestServer) {
        let person = Person::reader(&server);
        let url = person.preferences(&server);
        let page = get_in(&server, &url, "cy").await.expect(200).text;
        let fields = [
            ("action", "save"), ("seen", seen(&page)), ("shown_language", "cy"),
            ("shown_permission", "opens:off"), ("permission", "opens"),
        ];
        // Another browser language since: what was read counts.
        let saved = post_in(&server, &url, "de", &fields).await.expect(303);
        let saved = get_in(&server, saved.header("location"), "de").await.expect(200);
        speaks(&saved, Lang::Welsh);
        let entries = server.read(|conn| ledger::of_subscriber(conn, person.id, 0, 1000));
        let entry = entries.last().unwrap();
        assert_eq!((entry.wording.as_str(), entry.language.as_deref()), (&*words(Kind::Opens, Lang::Welsh, YEAR), Some("cy")));
        // Words of one language are no consent to those of another.
        let crossed = [&fields[..2], &[("shown_permission", "clicks:off"), ("permission", "clicks")]].concat();
        let again = post_in(&server, &url, "de", &crossed).await.expect(409);
        assert!(again.text.contains("hat sich geändert, seit Sie diese Seite geöffnet haben"));
    }

    async fn who_signs_up_in_german_gets_german_mail_and_pages_from_then_on(server: TestServer) {
        server.demo_brand();
        let page = get_in(&server, "/b/civic/sign-up", "de").await.expect(200).text;
        let fields = [
            ("email", "ana@example.com"), ("seen", seen(&page)), ("shown_language", "de"),
            ("shown", "newsletter:email"), ("choice", "newsletter:email"),
        ];
        speaks(&post_in(&server, "/b/civic/sign-up", "de", &fields).await.expect(200), Lang::German);
        server.run_jobs().await;
        assert_eq!(states(&server), ["pending"]);
        let mail = server.mail_to("ana@example.com");
        assert_eq!(mail.subject, "Bitte bestätigen: E-Mails von Civic Notes");
        assert!(mail.text.contains("- Newsletter per E-Mail") && mail.html.contains("<html lang=\"de\" dir=\"ltr\">"));
        let link = mail.link("/confirm/");
        speaks(&get_in(&server, &link, "fr").await.expect(200), Lang::German);
        let page = get_in(&server, &link, "fr").await.expect(200).text;
        speaks(&post_in(&server, &link, "fr", &[("list", field(&page, "list"))]).await.expect(200), Lang::German);
        let locale: Option<String> = server.read(|conn| Ok(subscriber::table.select(subscriber::locale).first(conn)?));
        assert_eq!(locale.as_deref(), Some("de"));
    }

    async fn what_is_wrong_in_a_form_is_said_in_its_language(server: TestServer) {
        server.demo_brand();
        let page = get_in(&server, "/b/civic/sign-up", "fr").await.expect(200).text;
        let fields = [("email", "nobody"), ("seen", seen(&page)), ("shown_language", "fr")];
        let answer = post_in(&server, "/b/civic/sign-up", "fr", &fields).await.expect(422);
        assert!(answer.text.contains("Il y a un problème") && answer.text.contains("Saisissez une adresse e-mail avec un @"));
        assert!(answer.text.contains("<title>Erreur : S’inscrire"), "{}", answer.text);
    }
}
