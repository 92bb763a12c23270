//! The pages on which a person comes in: sign-up, confirmation, and "send me my link".

use askama::Template;

use crate::error::Problem;

use super::BrandView;
use super::form::{PermissionBox, TextField, TopicGroup, offers};

/// The sign-up form of a brand. Nothing is ticked beforehand (L-01, A-02): `BoxState::On` and
/// `PermissionBox::ticked` are only for what the person posted, when the form comes back with problems.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/sign_up.html")]
pub struct SignUpPage {
    /// The brand.
    pub brand: BrandView,
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
    /// What is wrong; `field` is the name of an input, or `communications`, `subjects` or `tracking`.
    pub errors: Vec<Problem>,
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
    /// The fields at the top of the form.
    pub fn about_you(&self) -> Vec<TextField> {
        let typed = &self.typed;
        let errors = self.errors.as_slice();
        let fields = [
            (TextField::email("We send a link to confirm first, then what you choose below."), &typed.email),
            (
                TextField {
                    hint: "To greet you by name.",
                    ..TextField::text("first_name", "First name", "given-name")
                },
                &typed.first_name,
            ),
            (
                TextField {
                    hint: "To address you correctly.",
                    ..TextField::text("last_name", "Last name", "family-name")
                },
                &typed.last_name,
            ),
            (
                TextField {
                    hint: "To know which organisations we serve.",
                    ..TextField::text("company", "Company", "organization")
                },
                &typed.company,
            ),
            (
                TextField {
                    hint: "To follow the rules of your country.",
                    ..TextField::text("country", "Country", "country-name")
                },
                &typed.country,
            ),
        ];
        fields.into_iter().map(|(field, value)| field.filled(value, errors)).collect()
    }

    /// The fields that only some channels need.
    pub fn where_to_reach_you(&self) -> Vec<TextField> {
        let phone = TextField {
            kind: "tel",
            hint: "Needed only if you ticked Phone. We call about nothing else.",
            ..TextField::text("phone", "Phone number", "tel")
        };
        let post = TextField {
            kind: "textarea",
            hint: "Needed only if you ticked Post. We write about nothing else.",
            ..TextField::text("postal_address", "Postal address", "street-address")
        };
        let mut fields = Vec::new();
        if offers(&self.groups, "phone") {
            fields.push(phone.filled(&self.typed.phone, &self.errors));
        }
        if offers(&self.groups, "post") {
            fields.push(post.filled(&self.typed.postal_address, &self.errors));
        }
        fields
    }
}

/// The answer to a sign-up: the same for known and unknown addresses (SEC-05).
#[derive(Debug, Clone, Template)]
#[template(path = "pages/sign_up_done.html")]
pub struct SignUpDonePage {
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
        let hint = "The address at which you get our emails.";
        vec![TextField::email(hint).filled(&self.email, &self.errors)]
    }
}

/// The answer to a link request: the same for known and unknown addresses (SEC-05).
#[derive(Debug, Clone, Template)]
#[template(path = "pages/link_request_done.html")]
pub struct LinkRequestDonePage {
    /// The brand.
    pub brand: BrandView,
}

/// What the link in a confirmation mail shows: one button. Opening it changes nothing.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/confirm.html")]
pub struct ConfirmPage {
    /// The brand.
    pub brand: BrandView,
    /// Where the button posts to.
    pub action: String,
    /// What will be confirmed, such as "Newsletter by email".
    pub items: Vec<String>,
}

/// The answer to the button: what is now agreed to.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/confirmed.html")]
pub struct ConfirmedPage {
    /// The brand.
    pub brand: BrandView,
    /// What was confirmed, such as "Newsletter by email".
    pub items: Vec<String>,
    /// The person's preference page.
    pub preferences_url: String,
}

/// A confirmation link that is too old, or whose request was withdrawn.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/confirm_expired.html")]
pub struct ConfirmExpiredPage {
    /// The brand.
    pub brand: BrandView,
    /// For how many days such a link works.
    pub valid_days: u32,
    /// The sign-up form, to ask again.
    pub sign_up_url: String,
}
