//! From what an author wrote to the HTML of a letter: HTML, Markdown or MJML, by itself or in one of our templates,
//! with its styles in the elements.

use serde::Serialize;

use crate::domain::catalog::Brand;
use crate::domain::catalog::look::ACCENTS;
use crate::error::Problem;
use crate::i18n::Lang;
use crate::mail::compose::{from_markdown, from_mjml, inline_styles};

word_enum! {
    /// What a letter is written in.
    #[derive(Default)]
    pub enum Format {
        /// HTML: a whole document, or a piece of one.
        #[default]
        Html = "html",
        /// Markdown (CommonMark, with tables and strikethrough).
        Markdown = "markdown",
        /// MJML: a whole document.
        Mjml = "mjml",
    }
}

word_enum! {
    /// A frame for a letter, in the brand's name and colours, for small and large screens, light and dark.
    pub enum LetterTemplate {
        /// Several pieces, each under a heading of its own.
        Newsletter = "newsletter",
        /// One thing, said large, with a button.
        Announcement = "announcement",
        /// An invitation: when and where stand out as a quotation.
        Event = "event",
        /// Words as in a letter between people.
        Plain = "plain",
    }
}

const BASE: &str = include_str!("../../../static/mail/templates/base.css");

/// A template, as a list shows it.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
pub struct TemplateCard {
    /// What a draft names it by.
    pub name: LetterTemplate,
    /// What it is good for.
    pub purpose: &'static str,
    /// How a letter in it may begin, in Markdown.
    pub sample: &'static str,
}

impl LetterTemplate {
    fn source(self) -> &'static str {
        match self {
            Self::Newsletter => include_str!("../../../static/mail/templates/newsletter.html"),
            Self::Announcement => include_str!("../../../static/mail/templates/announcement.html"),
            Self::Event => include_str!("../../../static/mail/templates/event.html"),
            Self::Plain => include_str!("../../../static/mail/templates/plain.html"),
        }
    }

    /// The template as a list shows it.
    pub fn card(self) -> TemplateCard {
        let (purpose, sample) = match self {
            Self::Newsletter => (
                "Several pieces, each under a heading of its own",
                "# The month in ten minutes\n\nHello {{ first_name|default(\"reader\") }}, this is what happened.\n\n\
                 ## A first piece\n\nTwo sentences, and [where to read on](https://www.example.com/).\n\n\
                 ## A second piece\n\nTwo more.\n",
            ),
            Self::Announcement => (
                "One thing, said large, with a button",
                "# Something new\n\nWhat it is, and what it is good for, in one sentence.\n\n\
                 [See how it works](https://www.example.com/ \"button\")\n",
            ),
            Self::Event => (
                "An invitation: when and where stand out",
                "# A morning on transport\n\n> **When** 3 May 2027, 10:00 to 12:00\n>\n> **Where** online\n\n\
                 What happens there, and who speaks.\n\n[Keep me a place](https://www.example.com/ \"button\")\n",
            ),
            Self::Plain => (
                "Words as in a letter between people",
                "Hello {{ first_name|default(\"there\") }},\n\na few lines, and a name under them.\n",
            ),
        };
        TemplateCard { name: self, purpose, sample }
    }

    /// A piece of HTML in this template, in the brand's colours.
    fn around(self, content: &str, brand: &Brand, lang: Lang) -> String {
        let dark = brand.accent_dark.as_deref().unwrap_or(ACCENTS[1]);
        let light = brand.accent.as_deref().unwrap_or(ACCENTS[0]);
        self.source()
            .replace("STYLE", BASE)
            .replace("ACCENT_DARK", dark)
            .replace("ACCENT", light)
            .replace("LANG", lang.tag())
            .replace("DIRECTION", lang.direction())
            // Last, so that nothing in the author's words is taken for a place in the template.
            .replacen("CONTENT", content, 1)
    }
}

/// The HTML of a letter of `brand` in `lang`, from what its author wrote. Template tags stay as they are.
///
/// # Errors
/// What is wrong with it: not of its format, too long, too deep, or a template around what is a whole document.
pub fn compose(
    source: &str,
    format: Format,
    template: Option<LetterTemplate>,
    brand: &Brand,
    lang: Lang,
) -> Result<String, Problem> {
    let is_whole = format == Format::Mjml || source.to_ascii_lowercase().contains("<html");
    if template.is_some() && is_whole {
        let detail =
            "A whole document needs no template; send only what stands in it, or leave the template out";
        return Err(Problem::new("template", detail));
    }
    match (format, template) {
        (Format::Mjml, _) => from_mjml(source, lang),
        (Format::Markdown, template) => {
            let template = template.unwrap_or(LetterTemplate::Plain);
            inline_styles(&template.around(&from_markdown(source)?, brand, lang))
        }
        (Format::Html, Some(template)) => inline_styles(&template.around(source, brand, lang)),
        (Format::Html, None) => inline_styles(source),
    }
}
