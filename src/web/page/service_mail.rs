//! Service mails: the confirmation, the link to the preferences, the link to the data we hold.
//!
//! They carry no promotion, no picture, no tracked link and no list header (M-10); the HTML and the text
//! part say the same and have the same links.

use askama::Template;

use crate::error::Result;

use super::{BrandView, render};

/// Asks a person to confirm what somebody, most likely they, asked for.
#[derive(Debug, Clone)]
pub struct ConfirmationMail {
    /// The brand.
    pub brand: BrandView,
    /// The page with the button: an absolute URL.
    pub link: String,
    /// What will be confirmed, such as "Newsletter by email".
    pub items: Vec<String>,
    /// For how many days the link works.
    pub valid_days: u32,
}

/// Brings a person the link to their preference page.
#[derive(Debug, Clone)]
pub struct PreferenceLinkMail {
    /// The brand.
    pub brand: BrandView,
    /// The preference page: an absolute URL.
    pub link: String,
}

/// Brings a person a fresh link to the data we hold about them.
#[derive(Debug, Clone)]
pub struct DataLinkMail {
    /// The brand.
    pub brand: BrandView,
    /// The page: an absolute URL.
    pub link: String,
    /// For how many minutes the link works.
    pub valid_minutes: u32,
}

macro_rules! service_mail {
    ($mail:ident, $html:ident = $html_path:literal, $text:ident = $text_path:literal) => {
        #[derive(Template)]
        #[template(path = $html_path)]
        struct $html<'a> {
            brand: &'a BrandView,
            subject: &'a str,
            mail: &'a $mail,
        }

        #[derive(Template)]
        #[template(path = $text_path)]
        struct $text<'a> {
            brand: &'a BrandView,
            mail: &'a $mail,
        }

        impl $mail {
            /// The HTML part.
            ///
            /// # Errors
            /// As [`render`].
            pub fn html(&self) -> Result<String> {
                render(&$html { brand: &self.brand, subject: &self.subject(), mail: self })
            }

            /// The text part, with the same links.
            ///
            /// # Errors
            /// As [`render`].
            pub fn text(&self) -> Result<String> {
                render(&$text { brand: &self.brand, mail: self })
            }
        }
    };
}

service_mail!(
    ConfirmationMail,
    ConfirmationHtml = "mail/confirmation.html",
    ConfirmationText = "mail/confirmation.txt"
);
service_mail!(
    PreferenceLinkMail,
    PreferenceLinkHtml = "mail/preference_link.html",
    PreferenceLinkText = "mail/preference_link.txt"
);
service_mail!(DataLinkMail, DataLinkHtml = "mail/data_link.html", DataLinkText = "mail/data_link.txt");

impl ConfirmationMail {
    /// The subject line.
    pub fn subject(&self) -> String {
        format!("Please confirm: emails from {}", self.brand.name)
    }
}

impl PreferenceLinkMail {
    /// The subject line.
    pub fn subject(&self) -> String {
        format!("Your link to your choices at {}", self.brand.name)
    }
}

impl DataLinkMail {
    /// The subject line.
    pub fn subject(&self) -> String {
        format!("Your link to your data at {}", self.brand.name)
    }
}
