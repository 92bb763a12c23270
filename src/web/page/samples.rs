//! Every page filled with made-up data, for the tests.

use crate::error::Problem;
use crate::i18n::Lang;

use super::*;

mod addresses;
mod choices;
mod desk;
mod letters;

pub(super) use choices::{preferences, result};
pub(super) use desk::{api_docs, demo_mail, report};

pub(super) fn brand() -> BrandView {
    BrandView {
        name: "Civic Notes".into(),
        slug: "civic-notes".into(),
        legal_name: "Civic Notes Publishing Ltd".into(),
        registered_address: "1 Example Street, Exampleton EX1 1EX, United Kingdom".into(),
        contact_email: "privacy@civic.example.com".into(),
        policy_url: "https://civic.example.com/privacy".into(),
        has_logo: true,
        ..BrandView::default()
    }
}

fn confirm_ended(heading: &'static str, lead: &'static str) -> ConfirmExpiredPage {
    let (lang, brand) = (Lang::English, brand());
    ConfirmExpiredPage {
        lang,
        heading: lang.say(heading).to_string(),
        lead: lang.say(lead).with("brand", &brand.name).with("days", 7).to_string(),
        brand,
        link_url: "/b/civic-notes/link".into(),
        sign_up_url: "/b/civic-notes/sign-up".into(),
    }
}

pub(super) fn topic(slug: &str, name: &str, description: &str, boxes: &[(&str, BoxState)]) -> TopicChoices {
    TopicChoices {
        slug: slug.into(),
        name: name.into(),
        description: description.into(),
        frequency_note: if slug == "newsletter" { "About two a month.".into() } else { String::new() },
        example_url: if slug == "newsletter" {
            "https://civic.example.com/news/7".into()
        } else {
            String::new()
        },
        sensitive: slug == "sexual-health",
        boxes: boxes
            .iter()
            .map(|(channel, state)| ChannelBox::new(Lang::English, slug, *channel, *state))
            .collect(),
    }
}

pub(super) fn groups(first: BoxState, second: BoxState) -> Vec<TopicGroup> {
    let off = BoxState::Off;
    vec![
        TopicGroup::communications(
            Lang::English,
            vec![
                topic(
                    "newsletter",
                    "Newsletter",
                    "What happened this month, in ten minutes of reading.",
                    &[("email", first), ("post", off)],
                ),
                topic(
                    "product-updates",
                    "Product Updates",
                    "New features, and how to use them. About four a year.",
                    &[("email", second), ("phone", off), ("post", off)],
                ),
                topic(
                    "webinars",
                    "Videos, Podcasts and Webinars",
                    "Invitations to live sessions, and the recordings.",
                    &[("email", off), ("phone", off)],
                ),
                topic("group-news", "News from Our Group", "", &[("email", off)]),
            ],
        ),
        TopicGroup::subjects(
            Lang::English,
            vec![
                topic("transport", "Transport", "Roads, rail and buses.", &[("email", first)]),
                topic("social-care", "Social Care", "", &[("email", off), ("post", off)]),
                topic("sexual-health", "Sexual Health", "Clinics, guidance and research.", &[("email", off)]),
            ],
        ),
    ]
}

/// The boxes for these kinds of tracking, unasked.
pub(super) fn permissions<const N: usize>(kinds: [&'static str; N]) -> Vec<PermissionBox> {
    let unasked =
        |kind| PermissionBox::unasked(Lang::English, kind, format!("Yes, you may record my {kind}."));
    kinds.map(unasked).into()
}

pub(super) fn sign_up() -> SignUpPage {
    SignUpPage {
        lang: Lang::English,
        brand: brand(),
        named: None,
        action: "/b/civic-notes/sign-up".into(),
        wording:
            "By pressing Sign up I agree that Civic Notes sends me what I ticked.\n\nI can stop at any time."
                .into(),
        seen: "5ee9".into(),
        typed: SignUpTyped::default(),
        groups: groups(BoxState::Off, BoxState::Off),
        permissions: permissions(["opens", "clicks"]),
        gpc: false,
        challenge: "c4a1".into(),
        bits: 15,
        errors: Vec::new(),
    }
}

pub(super) fn sign_up_with_errors() -> SignUpPage {
    SignUpPage {
        typed: SignUpTyped { email: "jo\"<@".into(), first_name: "Jo".into(), ..SignUpTyped::default() },
        groups: groups(BoxState::On, BoxState::Off),
        errors: vec![
            Problem::new("email", "Enter an email address in the form name@example.com"),
            Problem::new("phone", "Enter a phone number, because you ticked Phone"),
        ],
        ..sign_up()
    }
}

pub(super) fn named_sign_up() -> SignUpPage {
    let field = |name, required, purpose: &str| NamedField { name, required, purpose: purpose.into() };
    SignUpPage {
        named: Some(NamedFormView {
            heading: "Meet us at the fair".into(),
            intro: "We write when the doors open.".into(),
            fields: vec![
                field("first_name", true, "For your badge."),
                field("company", false, ""),
                field("phone", false, "To tell you when the hall changes."),
                field("postal_address", false, ""),
            ],
        }),
        ..sign_up()
    }
}

pub(super) fn data(errors: Vec<Problem>) -> DataPage {
    DataPage {
        lang: Lang::English,
        brand: brand(),
        action: "/d/token".into(),
        address: "jo.bloggs@example.com".into(),
        groups: vec![FactGroup {
            heading: "About you".into(),
            facts: vec![
                Fact::new("First name", "Jo"),
                Fact::new("Where we got it", "Your sign-up on 3 May 2026"),
            ],
        }],
        typed: DataTyped { first_name: "Jo".into(), country: "GB".into(), ..DataTyped::default() },
        saved: errors.is_empty(),
        errors,
        ..DataPage::default()
    }
}

/// Every page, by name, as it goes out.
pub(super) fn pages() -> Vec<(&'static str, String)> {
    let items = || vec!["Newsletter by email".to_owned(), "Transport by email".to_owned()];
    let preferences_url = || "/p/token".to_owned();
    let scope = || "all marketing email from Civic Notes".to_owned();
    let understood = Problem::new("understood", "Tick the box to close your account");
    let links = || vec![Link::new("/api/docs", "API documentation", "Every request, with its fields.")];
    let mail = DemoMail {
        name: "1.eml".into(),
        url: "/demo/mail/1.eml/view".into(),
        to: "jo@example.com".into(),
        from: "news@civic.example.com".into(),
        subject: "Buses that come on time".into(),
        size: "12 KB".into(),
    };
    let all: [(&'static str, &dyn askama::DynTemplate); 33] = [
        ("sign_up", &sign_up()),
        ("sign_up_errors", &sign_up_with_errors()),
        ("sign_up_named", &named_sign_up()),
        (
            "sign_up_done",
            &SignUpDonePage {
                lang: Lang::English,
                brand: brand(),
                valid_days: 7,
                sign_up_url: "/b/civic-notes/sign-up".into(),
            },
        ),
        (
            "link_request",
            &LinkRequestPage {
                lang: Lang::English,
                brand: brand(),
                action: "/b/civic-notes/link".into(),
                email: String::new(),
                errors: Vec::new(),
            },
        ),
        ("link_request_done", &LinkRequestDonePage { lang: Lang::English, brand: brand() }),
        (
            "confirm",
            &ConfirmPage {
                lang: Lang::English,
                brand: brand(),
                action: "/confirm/token".into(),
                items: items(),
                details: vec![Fact::new("First name", "Jo"), Fact::new("Phone number", "+44 … 0111")],
                list: "115f".into(),
                errors: Vec::new(),
            },
        ),
        (
            "confirmed",
            &ConfirmedPage {
                lang: Lang::English,
                brand: brand(),
                items: items(),
                preferences_url: preferences_url(),
            },
        ),
        ("confirm_expired", &confirm_ended("expired-heading", "expired-lead")),
        ("confirm_stopped", &confirm_ended("ended-heading", "ended-lead")),
        ("confirm_moved", &confirm_ended("ended-heading", "ended-moved")),
        ("confirm_outdated", &confirm_ended("ended-heading", "outdated-lead")),
        ("preferences", &preferences(false)),
        ("preferences_gpc", &preferences(true)),
        ("preferences_result", &result()),
        (
            "stopped",
            &ResultPage {
                heading: "Everything is stopped".into(),
                gets_nothing: true,
                undo_note: "This was undone.".into(),
                can_undo: false,
                thanks: true,
                continues: Vec::new(),
                started: Vec::new(),
                ..result()
            },
        ),
        (
            "preferences_unchanged",
            &UnchangedPage {
                lang: Lang::English,
                brand: brand(),
                unsaved: true,
                preferences_url: preferences_url(),
            },
        ),
        (
            "other_link_sent",
            &OtherLinkSentPage {
                lang: Lang::English,
                brand: brand(),
                other: "Harbour Letters".into(),
                masked_address: "j•••@example.com".into(),
                sent: true,
                most: 3,
                unsaved: true,
                preferences_url: preferences_url(),
            },
        ),
        (
            "unsubscribe",
            &UnsubscribePage {
                lang: Lang::English,
                brand: brand(),
                action: "/u/token".into(),
                scope: scope(),
                preferences_url: preferences_url(),
            },
        ),
        (
            "unsubscribed",
            &UnsubscribedPage {
                lang: Lang::English,
                brand: brand(),
                scope: scope(),
                continues: vec!["Newsletter by post".into()],
                preferences_url: preferences_url(),
            },
        ),
        (
            "data_link_sent",
            &DataLinkSentPage {
                lang: Lang::English,
                brand: brand(),
                masked_address: "j•••@example.com".into(),
                sent: true,
                most: 3,
                unsaved: true,
                valid_hours: 24,
                preferences_url: preferences_url(),
            },
        ),
        ("data", &data(Vec::new())),
        ("data_errors", &data(vec![understood])),
        ("archive", &letters::archive()),
        ("notice", &letters::notice()),
        ("erased", &ErasedPage { lang: Lang::English, brand: brand() }),
        ("not_found", &ProblemPage::for_status(Lang::English, 404, None)),
        (
            "home",
            &HomePage {
                lang: Lang::English,
                brands: vec![Link::new("/b/civic-notes/sign-up", "Civic Notes", "")],
                links: links(),
            },
        ),
        ("api_docs", &api_docs()),
        ("demo_home", &DemoHomePage { links: links() }),
        (
            "demo_mail_list",
            &DemoMailListPage { mails: vec![mail], total: 640, next_url: "/demo/mail?page=2".into() },
        ),
        ("demo_report_list", &DemoReportListPage { links: links() }),
        ("report", &report()),
    ];
    let mut rendered: Vec<_> = all.iter().map(|(name, page)| (*name, page.dyn_render().unwrap())).collect();
    rendered.extend(addresses::pages());
    rendered.push(("demo_mail", render(&demo_mail()).unwrap()));
    rendered
}
