//! The public pages in a real browser: Chromium, over the real server. `./test` installs what is needed; the pictures
//! are in `target/screenshots`.

mod buttons;
mod check;
mod driver;
mod forms;
mod letters;
mod own;
mod pages;
mod reflow;
mod states;
mod walk;
