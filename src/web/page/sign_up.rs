//! The pages on which a person comes in: sign-up, confirmation, and "send me my link".

use askama::Template;

use crate::error::Problem;
use crate::i18n::Lang;

use super::BrandView;
use super::form::{Fact, PermissionBox, TextField, TopicGroup, offers, with_format};

/// The sign-up form of a brand. Nothing is ticked beforehand (L-01, A-02): `BoxState::On` and
/// `PermissionBox::ticked` are only for what the person posted, when the form comes back with problems.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/sign_up.html")]
pub struct SignUpPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// What a named form says and asks for; none for the brand's own form, which asks for everything.
    pub named: Option<NamedFormView>,
    /// Where the form is posted to.
    pub action: String,
    /// The consent wording, shown exactly so; an empty line parts paragraphs.
    pub wording: String,
    /// Stands for all the words of the page, so that what is posted was agreed to under those in force (L-02).
    pub seen: String,
    /// What was typed; all empty at first.
    pub typed: SignUpTyped,
    /// The topics by kind.
    pub groups: Vec<TopicGroup>,
    /// The boxes for tracking.
    pub permissions: Vec<PermissionBox>,
    /// Whether the browser asks not to be tracked (`Sec-GPC: 1` or `DNT: 1`, O-17).
    pub gpc: bool,
    /// What our script solves while the person types; empty on a page without it.
    pub challenge: String,
    /// How many zero bits the hash of a solution begins with.
    pub bits: u32,
    /// What is wrong; `field` is the name of an input, or `communications`, `subjects` or `tracking`.
    pub errors: Vec<Problem>,
}

/// What a named form says and asks for, as the brand wrote it.
#[derive(Debug, Clone)]
pub struct NamedFormView {
    /// Its heading.
    pub heading: String,
    /// One line below; may be empty.
    pub intro: String,
    /// The fields that it asks for besides the address.
    pub fields: Vec<NamedField>,
}

/// A field of a named form.
#[derive(Debug, Clone)]
pub struct NamedField {
    /// The name in the posted form.
    pub name: &'static str,
    /// Whether nobody can sign up without it.
    pub required: bool,
    /// What it is for; empty where the brand says nothing of its own.
    pub purpose: String,
}

/// What a person typed into the sign-up form.
#[derive(Debug, Clone, Default)]
pub struct SignUpTyped {
    /// The address; the only thing needed.
    pub email: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The company.
    pub company: String,
    /// The country.
    pub country: String,
    /// The telephone number, asked for only if a topic is offered by phone.
    pub phone: String,
    /// The postal address, asked for only if a topic is offered by post.
    pub postal_address: String,
}

impl SignUpPage {
    /// The title of the page, without the brand's name.
    pub fn title(&self) -> String {
        self.named
            .as_ref()
            .map_or_else(|| self.lang.say("sign-up-title").to_string(), |form| form.heading.clone())
    }

    /// Whether the address is the only thing without which nobody can sign up.
    pub fn needs_only_email(&self) -> bool {
        self.about_you().iter().filter(|field| field.required).count() == 1
    }

    /// The fields at the top of the form.
    pub fn about_you(&self) -> Vec<TextField> {
        let (lang, typed) = (self.lang, &self.typed);
        let email = TextField::email(lang, lang.say("email-hint")).filled(&typed.email, &self.errors);
        let fields = [
            (
                TextField::text("first_name", lang.say("first-name-label"), "given-name")
                    .because(lang.say("first-name-hint")),
                &typed.first_name,
            ),
            (
                TextField::text("last_name", lang.say("last-name-label"), "family-name")
                    .because(lang.say("last-name-hint")),
                &typed.last_name,
            ),
            (
                TextField::text("company", lang.say("company-label"), "organization")
                    .because(lang.say("company-hint")),
                &typed.company,
            ),
        ];
        let fields = fields.into_iter().map(|(field, value)| field.filled(value, &self.errors));
        let country = TextField::country(lang, lang.say("country-hint"), &typed.country, &self.errors);
        let asked = fields.chain([country]).filter_map(|field| self.asked(field, String::new()));
        [email].into_iter().chain(asked).collect()
    }

    /// The fields that only some channels need.
    pub fn where_to_reach_you(&self) -> Vec<TextField> {
        let lang = self.lang;
        let phone = TextField::phone(lang, lang.say("phone-hint"));
        let post = TextField {
            kind: "textarea",
            ..TextField::text("postal_address", lang.say("post-label"), "street-address")
        }
        .because(lang.say("post-hint"));
        let fields = [
            ("phone", phone, &self.typed.phone, with_format(lang, lang.say("phone-when"))),
            ("post", post, &self.typed.postal_address, lang.say("post-when").to_string()),
        ];
        let offered = fields.into_iter().filter(|(channel, ..)| offers(&self.groups, channel));
        offered
            .filter_map(|(channel, field, value, when)| {
                self.asked(TextField { channel, ..field.filled(value, &self.errors) }, when)
            })
            .collect()
    }

    /// A field as the form asks for it, if it does. `rest` is what stays of our own words beside a purpose of the
    /// brand's.
    fn asked(&self, field: TextField, rest: String) -> Option<TextField> {
        let Some(form) = &self.named else { return Some(field) };
        let asked = form.fields.iter().find(|asked| asked.name == field.name)?;
        let field = TextField { required: asked.required, ..field };
        if asked.purpose.is_empty() {
            return Some(field);
        }
        let purpose_lang = self.brand.authored(&self.lang);
        Some(TextField { purpose: asked.purpose.clone(), purpose_lang, hint: rest, ..field })
    }
}

/// A form for another site: plain HTML to be copied, without style, script or ids that could be there already. It posts
/// to our page, and comes back with it.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/sign_up_copy.html")]
pub struct SignUpCopy {
    /// The form, with a whole address to post to.
    pub form: SignUpPage,
}

/// The element that shows a form inside of another site's page.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/sign_up_iframe.html")]
pub struct SignUpIframe {
    /// Where the form is: a whole address.
    pub url: String,
    /// Its heading.
    pub title: String,
    /// How high it is on a telephone, in pixels.
    pub narrow_px: usize,
    /// How high it is on a wide screen, in pixels.
    pub wide_px: usize,
}

impl SignUpIframe {
    /// The frame of a form, as high as the form is with every field that it may show; a few lines more or less scroll.
    pub fn of(form: &SignUpPage, url: String) -> Self {
        let topics: usize = form.groups.iter().map(|group| group.topics.len()).sum();
        let fields = form.about_you().len() + form.where_to_reach_you().len();
        let (narrow_px, wide_px) = (1650 + 175 * topics + 150 * fields, 1250 + 90 * topics + 125 * fields);
        Self { url, title: form.title(), narrow_px, wide_px }
    }

    /// So that it is full at 360 pixels of width.
    fn middle_px(&self) -> usize {
        self.narrow_px + 720
    }
}

/// The answer to a sign-up: the same for known and unknown addresses (SEC-05).
#[derive(Debug, Clone, Template)]
#[template(path = "pages/sign_up_done.html")]
pub struct SignUpDonePage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// For how many days the link in the mail works.
    pub valid_days: u32,
    /// The sign-up form, to try again.
    pub sign_up_url: String,
}

/// "Send me my link": asks for the address to which the link to the preferences goes.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/link_request.html")]
pub struct LinkRequestPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// Where the form is posted to.
    pub action: String,
    /// What was typed.
    pub email: String,
    /// What is wrong with it.
    pub errors: Vec<Problem>,
}

impl LinkRequestPage {
    /// The fields of the form.
    pub fn fields(&self) -> Vec<TextField> {
        let hint = self.lang.say("email-hint-link");
        vec![TextField::email(self.lang, hint).filled(&self.email, &self.errors)]
    }
}

/// The answer to a link request: the same for known and unknown addresses (SEC-05).
#[derive(Debug, Clone, Template)]
#[template(path = "pages/link_request_done.html")]
pub struct LinkRequestDonePage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
}

/// What the link in a confirmation mail shows: one button. Opening it changes nothing.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/confirm.html")]
pub struct ConfirmPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// Where the button posts to.
    pub action: String,
    /// What will be confirmed, such as "Newsletter by email".
    pub items: Vec<String>,
    /// What was typed in the form and will be kept.
    pub details: Vec<Fact>,
    /// Stands for both lists: posted with the button, so that nobody confirms what they did not read.
    pub list: String,
    /// What is wrong: the list changed since the page was opened.
    pub errors: Vec<Problem>,
}

/// The answer to the button: what is now agreed to.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/confirmed.html")]
pub struct ConfirmedPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// What was confirmed, such as "Newsletter by email".
    pub items: Vec<String>,
    /// The person's preference page.
    pub preferences_url: String,
}

/// A confirmation link that is good for nothing any more, and why.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/confirm_expired.html")]
pub struct ConfirmExpiredPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// That it does nothing.
    pub heading: String,
    /// Why, as a sentence.
    pub lead: String,
    /// The sign-up form, to ask again.
    pub sign_up_url: String,
    /// Where one asks for the link to one's choices.
    pub link_url: String,
}
