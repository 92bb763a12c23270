//! What must hold for every page, checked on the samples.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use crate::clock::DAY;
use crate::domain::campaign::footer;
use crate::domain::catalog::look;
use crate::domain::consent::permission::Kind;
use crate::domain::tracking::permission;
use crate::error::Problem;
use crate::i18n::Lang;

use super::samples::{data, named_sign_up, pages, sign_up, sign_up_with_errors};
use super::*;

mod choices;

type Element = HashMap<String, String>;

/// All elements of a page that match a selector: their attributes, with the tag under `<`.
fn elements(html: &str, selector: &str) -> Vec<Element> {
    let found = RefCell::new(Vec::new());
    let collect = lol_html::element!(selector, |element| {
        let mut attributes: Element = element.attributes().iter().map(|a| (a.name(), a.value())).collect();
        attributes.insert("<".to_owned(), element.tag_name());
        found.borrow_mut().push(attributes);
        Ok(())
    });
    let settings = lol_html::RewriteStrSettings::new().append_element_content_handler(collect);
    lol_html::rewrite_str(html, settings).unwrap();
    found.into_inner()
}

fn values(html: &str, selector: &str, attribute: &str) -> Vec<String> {
    elements(html, selector).iter().map(|e| e.get(attribute).cloned().unwrap_or_default()).collect()
}

#[test]
fn every_page_has_one_heading_a_title_a_language_and_a_main() {
    for (name, html) in pages() {
        for selector in
            ["h1", "head > title", "main", "html[lang=en-GB]", "meta[name=viewport]", "footer", "header"]
        {
            assert_eq!(elements(&html, selector).len(), 1, "{name}: {selector}");
        }
        assert!(!html.contains("<title></title>"), "{name}");
    }
}

#[test]
fn no_page_has_a_script_an_inline_style_or_a_foreign_resource() {
    for (name, html) in pages() {
        assert!(elements(&html, "style, iframe, object, embed, base").is_empty(), "{name}");
        // The sign-up form works without its script.
        let scripts = if name.starts_with("sign_up") && name != "sign_up_done" {
            &["/assets/proof.js"][..]
        } else {
            &[]
        };
        assert_eq!(values(&html, "script", "src"), scripts, "{name}");
        for element in elements(&html, "*") {
            let bad = element.keys().find(|key| key.as_str() == "style" || key.starts_with("on"));
            assert_eq!(bad, None, "{name}");
            for attribute in ["src", "action", "srcset", "formaction"] {
                let target = element.get(attribute).map_or("/", String::as_str);
                assert!(target.starts_with('/') && !target.starts_with("//"), "{name}: {target}");
            }
        }
        let desk = ["api_docs", "report"].contains(&name) || name.starts_with("demo_");
        let style = if desk { "/assets/desk.css" } else { "/assets/page.css" };
        assert_eq!(values(&html, "link", "href"), [style], "{name}");
    }
    assert!(!DESK_CSS.contains("url(") && !DESK_CSS.contains("@import"));
}

#[test]
fn every_field_has_a_label_and_no_id_is_given_twice() {
    for (name, html) in pages() {
        let ids = values(&html, "[id]", "id");
        let unique: HashSet<_> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{name}: {ids:?}");
        let labelled = values(&html, "label", "for");
        let inside = elements(&html, "label > input");
        for field in elements(&html, "input, textarea, select") {
            if field.get("type").is_some_and(|kind| kind == "hidden") {
                continue;
            }
            let is_named = field.get("id").is_some_and(|id| labelled.contains(id));
            assert!(is_named || inside.contains(&field), "{name}: {field:?}");
        }
        for element in elements(&html, "[aria-describedby], [aria-labelledby]") {
            for attribute in ["aria-describedby", "aria-labelledby"] {
                for id in element.get(attribute).map_or("", String::as_str).split_whitespace() {
                    assert!(unique.contains(&id.to_owned()), "{name}: {id}");
                }
            }
        }
        for target in values(&html, "a[href^='#']", "href") {
            assert!(unique.contains(&target[1..].to_owned()), "{name}: {target}");
        }
    }
}

#[test]
fn fields_about_the_person_say_so_to_the_browser() {
    let html = render(&sign_up()).unwrap();
    let given = values(&html, "[autocomplete]:not([type=hidden])", "autocomplete");
    let wanted = ["email", "given-name", "family-name", "organization", "country", "tel", "street-address"];
    assert_eq!(given, wanted);
}

#[test]
fn nothing_is_ticked_beforehand_and_only_the_address_is_required() {
    let html = render(&sign_up()).unwrap();
    assert!(elements(&html, "[checked]").is_empty());
    assert_eq!(values(&html, "[required]", "name"), ["email"]);
}

#[test]
fn every_box_says_that_it_was_shown() {
    for (name, html) in pages() {
        let shown = parted(&values(&html, "input[type=hidden][name=shown]", "value"));
        let boxes = values(&html, "input[type=checkbox][name=choice]", "value");
        assert_eq!(without_start(&shown), boxes, "{name}");
        let shown = parted(&values(&html, "input[type=hidden][name=shown_permission]", "value"));
        let boxes = values(&html, "input[type=checkbox][name=permission]", "value");
        assert_eq!(without_start(&shown), boxes, "{name}");
    }
}

/// The boxes in the one field of a page that shows what is stored, each with how it started.
fn parted(shown: &[String]) -> Vec<String> {
    let mut boxes = Vec::new();
    for value in shown.iter().flat_map(|shown| shown.split(' ')).filter(|value| !value.is_empty()) {
        let parts: Vec<&str> = value.split(':').collect();
        match &parts[1..] {
            [] | [_] => boxes.push(value.to_owned()),
            pairs => {
                boxes.extend(pairs.chunks(2).map(|pair| format!("{}:{}:{}", parts[0], pair[0], pair[1])))
            }
        }
    }
    boxes
}

fn without_start(shown: &[String]) -> Vec<&str> {
    let starts = [":on", ":off", ":emptied"];
    shown.iter().map(|s| starts.iter().find_map(|start| s.strip_suffix(start)).unwrap_or(s)).collect()
}

/// What is recorded, of what, and what never (T-11).
#[test]
fn the_words_beside_the_tracking_boxes_name_no_more_than_is_stored() {
    let told = |kind| permission::words(kind, Lang::English, DAY * 30);
    for words in [told(Kind::Opens), told(Kind::Clicks)] {
        assert!(!words.contains("browser"), "{words}");
        for part in ["For 30 days we store the time", "a person or a program", "never your IP address"] {
            assert!(words.contains(part), "{part}: {words}");
        }
    }
    assert!(told(Kind::Clicks).contains("the time, the link and whether"));
}

/// For how long (T-11).
#[test]
fn the_words_beside_the_tracking_boxes_say_how_long_it_is_kept_in_every_language() {
    for lang in Lang::ALL {
        for kind in [Kind::Opens, Kind::Clicks] {
            let [one, thirty] = [1, 30].map(|days| permission::words(kind, lang, DAY * days));
            assert!(thirty.contains(" 30 ") && one.contains(" 1 "), "{thirty}");
        }
    }
}

#[test]
fn phone_and_postal_address_are_asked_for_only_if_they_can_be_used() {
    let mut page = sign_up();
    page.groups.iter_mut().flat_map(|g| &mut g.topics).for_each(|t| t.boxes.retain(|b| b.channel == "email"));
    let html = render(&page).unwrap();
    assert!(elements(&html, "#phone, #postal_address").is_empty());
}

#[test]
fn a_page_with_problems_says_so_first_and_keeps_what_was_typed() {
    let html = render(&sign_up_with_errors()).unwrap();
    assert!(html.contains("<title>Error: Sign up"));
    assert_eq!(values(&html, "[role=alert] a", "href"), ["#email", "#phone"]);
    assert_eq!(values(&html, "[aria-invalid]", "id"), ["email", "phone"]);
    assert!(html.contains(r#"value="jo&#34;&#60;@""#), "typed values are kept and escaped");
    assert_eq!(values(&html, "[checked]", "value"), ["newsletter:email", "transport:email"]);
}

#[test]
fn the_wording_is_shown_exactly() {
    let html = render(&sign_up()).unwrap();
    assert!(html.contains(&sign_up().wording));
    assert!(sign_up().permissions.iter().all(|permission| html.contains(&permission.wording)));
}

#[test]
fn the_unsubscribe_page_posts_what_a_mail_client_posts() {
    let html = pages().into_iter().find(|(name, _)| *name == "unsubscribe").unwrap().1;
    assert_eq!(values(&html, "input[name=List-Unsubscribe]", "value"), ["One-Click"]);
    assert_eq!(elements(&html, "button").len(), 1);
}

#[test]
fn a_wait_is_rounded_up_to_a_unit_people_use() {
    let text = |seconds| ProblemPage::for_status(Lang::English, 429, Some(Duration::from_secs(seconds))).text;
    assert!(text(1).ends_with("in 1 second."));
    assert!(text(61).ends_with("in 61 seconds."));
    assert!(text(601).ends_with("in 11 minutes."));
    assert!(text(86_400).ends_with("in 24 hours."));
}

#[test]
fn colours_are_checked_against_what_the_style_sheet_has() {
    for (scheme, accent) in look::GROUNDS.into_iter().zip(look::ACCENTS) {
        for (name, value) in ["paper", "sheet", "tint", "on-accent"].into_iter().zip(scheme) {
            assert!(PAGE_CSS.contains(&format!("--{name}:{value}")), "--{name}: {value}");
        }
        assert!(PAGE_CSS.contains(&format!("--accent:{accent};")));
    }
}

#[test]
fn a_brand_with_colours_has_one_style_sheet_of_its_own() {
    let mut page = sign_up();
    page.brand.style = "5ee9".into();
    let html = render(&page).unwrap();
    assert_eq!(values(&html, "link", "href"), ["/b/civic-notes/page.css?v=5ee9"]);
}

#[test]
fn what_a_brand_wrote_in_another_language_than_the_page_says_so() {
    let mut page = sign_up();
    assert!(elements(&render(&page).unwrap(), ".wording[lang]").is_empty());
    page.brand.language = Lang::Welsh;
    let html = render(&page).unwrap();
    assert_eq!(values(&html, ".wording", "lang"), ["cy"]);
    assert!(values(&html, ".group fieldset > legend", "lang").iter().all(|lang| lang == "cy"));
}

#[test]
fn the_style_sheet_names_beginnings_and_ends_and_not_left_and_right() {
    // So that it fits scripts of either direction. A float as wide as its parent has no side.
    let sides = ["-left", "-right", "left:", "right:", ":left", ":right"];
    for rule in DESK_CSS.split('}').filter(|rule| !rule.contains("float:left;width:100%")) {
        assert!(!sides.iter().any(|side| rule.contains(side)), "{rule}");
    }
}

#[test]
fn the_style_sheet_stays_small() {
    assert!(PAGE_CSS.len() < 8_500, "{} bytes", PAGE_CSS.len());
}

#[test]
fn a_style_sheet_is_served_without_what_only_its_authors_need() {
    let css = "/* Why. */\n:root {\n  --a: #fff;\n}\n@media (min-width: 1rem) and (print) {\n  a:hover, b > i { top: 0; margin: 0 1px; }\n}\n";
    let compact = ":root{--a:#fff}@media (min-width:1rem) and (print){a:hover,b > i{top:0;margin:0 1px}}";
    assert_eq!(super::compact(css), compact);
}

/// A letter footer as it is rendered for a person whose data came from `source`.
fn ending(template: &str, source: &str) -> String {
    let mut environment = minijinja::Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    let brand = samples::brand();
    let context = minijinja::context! {
        brand => minijinja::context! {
            name => brand.name,
            legal_name => brand.legal_name,
            registered_address => brand.registered_address,
        },
        unsubscribe_url => "https://civic.example.com/u/token",
        preferences_url => "https://civic.example.com/p/token",
        view_url => "https://civic.example.com/v/token",
        source_name => source,
        source_policy_url => "https://lists.example.com/policy",
    };
    environment.render_str(template, context).unwrap()
}

#[test]
fn a_letter_ends_with_its_links_and_its_sender_in_its_own_language() {
    for (lang, unsubscribe, preferences, view) in [
        (Lang::English, "Unsubscribe", "Preferences", "View in browser"),
        (Lang::Welsh, "Dad-danysgrifio", "Dewisiadau", "Gweld yn y porwr"),
        (Lang::German, "Abbestellen", "Einstellungen", "Im Browser ansehen"),
        (Lang::French, "Se désabonner", "Préférences", "Voir dans le navigateur"),
    ] {
        let html = ending(&footer::html(lang).unwrap(), "");
        assert!(html.contains(&format!("lang=\"{}\" dir=\"{}\"", lang.tag(), lang.direction())));
        for part in [html, ending(&footer::text(lang).unwrap(), "")] {
            for words in [unsubscribe, preferences, view, "/u/token", "/p/token", "/v/token"] {
                assert!(part.contains(words), "{words}: {part}");
            }
            let brand = samples::brand();
            assert!(part.contains(&brand.legal_name) && part.contains(&brand.registered_address));
            assert!(part.contains(&brand.name) && !part.contains("lists.example.com"));
        }
    }
}

#[test]
fn a_letter_names_the_supplier_of_the_data_and_its_policy() {
    for lang in Lang::ALL {
        for template in [footer::html(lang).unwrap(), footer::text(lang).unwrap()] {
            let part = ending(&template, "Example Lists Ltd");
            assert_eq!(part.matches("Example Lists Ltd").count(), 2, "{part}");
            assert!(part.contains("https://lists.example.com/policy"), "{part}");
        }
    }
}

#[test]
fn closing_the_account_needs_a_box_ticked_by_the_person() {
    let html = render(&data(vec![Problem::new("understood", "Tick the box to close your account")])).unwrap();
    assert!(html.contains("<title>Error: "));
    assert_eq!(values(&html, "[role=alert] a", "href"), ["#understood"]);
    assert!(elements(&html, "[checked]").is_empty());
    let buttons = [DataPage::COPY, DataPage::CORRECT, DataPage::CHANGE_ADDRESS, DataPage::ERASE];
    assert_eq!(values(&html, "button", "value"), buttons);
}

#[test]
fn a_problem_with_a_group_of_topics_is_said_beside_the_group() {
    let page = SignUpPage { errors: vec![Problem::new("communications", "Tick at least one")], ..sign_up() };
    let html = render(&page).unwrap();
    assert_eq!(values(&html, "[role=alert] a", "href"), ["#communications"]);
    assert_eq!(elements(&html, "#communications p.error").len(), 1);
    assert!(elements(&html, "#subjects p.error").is_empty());
}

#[test]
fn a_named_form_asks_for_its_own_fields_and_says_what_each_is_for() {
    let html = render(&named_sign_up()).unwrap();
    assert_eq!(values(&html, "[required]", "name"), ["email", "first_name"]);
    let asked = values(&html, "input[autocomplete]:not([type=hidden]), textarea", "name");
    assert_eq!(asked, ["email", "first_name", "company", "phone", "postal_address"]);
    assert!(html.contains("<title>Meet us at the fair – Civic Notes</title>"));
    assert!(
        html.contains("<span>For your badge.</span>")
            && html.contains("To know which organisations we serve.")
    );
    assert!(html.contains(
        "<span>To tell you when the hall changes.</span> Needed, and kept, only if you ticked Phone."
    ));
    assert!(!html.contains("Only your email address is needed"));
}

#[test]
fn a_purpose_in_another_language_than_the_page_says_so() {
    let mut page = named_sign_up();
    page.brand.language = Lang::Welsh;
    let html = render(&page).unwrap();
    assert_eq!(values(&html, ".hint span", "lang"), ["cy", "cy"]);
    assert_eq!(values(&html, "h1, .lead", "lang"), ["cy", "cy"]);
}

#[test]
fn a_page_inside_of_another_has_neither_head_nor_foot_and_opens_links_beside_it() {
    let mut page = named_sign_up();
    page.brand.is_inside = true;
    let html = render(&page).unwrap();
    assert!(elements(&html, "header, footer").is_empty());
    let outward = elements(&html, "a[href^=http]");
    assert!(
        !outward.is_empty() && outward.iter().all(|link| link.get("target").is_some_and(|to| to == "_blank"))
    );
}

#[test]
fn a_copy_for_another_site_has_no_id_no_style_and_no_script_and_a_name_for_every_field() {
    let form =
        SignUpPage { action: "https://civic.example.com/b/civic/sign-up/fair".into(), ..named_sign_up() };
    let html = render(&SignUpCopy { form }).unwrap();
    for element in elements(&html, "*") {
        let bad = element
            .keys()
            .find(|key| ["id", "class", "style"].contains(&key.as_str()) || key.starts_with("on"));
        assert_eq!(bad, None, "{element:?}");
        assert!(!["script", "style", "link"].contains(&element["<"].as_str()));
    }
    let labelled = elements(&html, "label input, label textarea").len();
    assert_eq!(labelled, elements(&html, "input:not([type=hidden]), textarea").len());
    assert_eq!(values(&html, "form", "action"), ["https://civic.example.com/b/civic/sign-up/fair"]);
    assert_eq!(values(&html, "[name=shown]", "value"), values(&html, "[name=choice]", "value"));
}
