//! A Chromium of our own for one test: started with nothing of anybody's, driven over WebDriver, ended with the test.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use data_encoding::BASE64;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::support::programs::until;

const MISSING: &str = "Chromium and its driver are needed; ./test installs them. By hand: \
                       sudo apt-get install --no-install-recommends chromium chromium-driver";

/// How long a page may take to come: only a page that never comes takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where in its profile a browser keeps what it downloads.
const DOWNLOADS: &str = "downloads";

/// How a page is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// 1000 px wide.
    Wide,
    /// 320 px wide and 256 px high, which is also what 400 % zoom leaves of 1280 and 1024 px (WCAG 2.2, 1.4.10).
    Narrow,
    /// 1000 px wide, for people who prefer dark.
    Dark,
    /// 1000 px wide, with the colours of the system forced on the page.
    Forced,
}

impl Look {
    pub(crate) const ALL: [Self; 4] = [Self::Wide, Self::Narrow, Self::Dark, Self::Forced];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Narrow => "narrow",
            Self::Dark => "dark",
            Self::Forced => "forced",
        }
    }
}

/// A browser window.
pub(crate) struct Browser {
    pub(crate) client: Client,
    driver: Child,
    profile: tempfile::TempDir,
}

impl Browser {
    /// Starts the driver on a free port, and a browser with an empty profile.
    pub(crate) async fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect(MISSING);
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| line.split("started successfully on port ").nth(1).map(str::to_owned))
            .expect("the driver should say its port");
        let profile = tempfile::tempdir().unwrap();
        let downloads = profile.path().join(DOWNLOADS);
        fs::create_dir(&downloads).unwrap();
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--force-color-profile=srgb",
            "--lang=en-GB",
            // Dates to be typed as the page's language writes them.
            "--enable-blink-features=LangAttributeAwareFormControlUI",
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let prefs = json!({ "intl.accept_languages": "en-GB", "download.default_directory": downloads });
        let wanted = json!({
            "goog:chromeOptions": { "args": arguments, "prefs": prefs },
            "goog:loggingPrefs": { "performance": "ALL" },
        });
        let Value::Object(wanted) = wanted else { unreachable!() };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{}", port.trim_end_matches('.')))
            .await
            .expect(MISSING);
        Self { client, driver, profile }
    }

    /// Ends the browser, then its driver.
    pub(crate) async fn stop(self) {
        let _ = self.client.clone().close().await;
    }

    /// A command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": &parameters }).to_string();
        let command = Extension { path: "goog/cdp/execute", body };
        self.client.issue_cmd(command).await.unwrap_or_else(|error| panic!("{parameters}: {error}"))
    }

    /// Every address that something was asked of since this was asked last, as the browser's own log of the network says.
    pub(crate) async fn requests(&self) -> Vec<String> {
        let body = json!({ "type": "performance" }).to_string();
        let log = self.client.issue_cmd(Extension { path: "se/log", body }).await.unwrap();
        let events = log.as_array().unwrap().iter().map(|entry| entry["message"].as_str().unwrap());
        let events = events.map(|event| serde_json::from_str::<Value>(event).unwrap()["message"].take());
        let requests = events.filter(|event| event["method"] == "Network.requestWillBeSent");
        requests.map(|event| event["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }

    /// Runs a script of the test in the page; what it returns comes back.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script:.200}: {error}"))
    }

    /// Opens an address.
    pub(crate) async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Clicks a button that leaves the page, and waits until the next one is there.
    pub(crate) async fn submit(&self, selector: &str) {
        self.leaving(selector, self.click(selector)).await;
    }

    /// Presses Enter on a button that has the focus and leaves the page, and waits until the next one is there.
    pub(crate) async fn enter(&self, selector: &str) {
        self.leaving(selector, self.press("Enter", 13)).await;
    }

    async fn leaving(&self, selector: &str, by: impl Future<Output = ()>) {
        self.run("document.documentElement.dataset.left = 'yes'").await;
        by.await;
        let script = "return document.readyState === 'complete' && !document.documentElement.dataset.left";
        let arrive = async {
            // Between two pages there may be nothing that could answer.
            while self.client.execute(script, Vec::new()).await.ok() != Some(Value::Bool(true)) {}
        };
        tokio::time::timeout(PATIENCE, arrive).await.unwrap_or_else(|_| panic!("{selector} leads nowhere"));
    }

    /// Clicks the first element of a selector.
    pub(crate) async fn click(&self, selector: &str) {
        let element = self.client.find(Locator::Css(selector)).await;
        element
            .unwrap_or_else(|error| panic!("{selector}: {error}"))
            .click()
            .await
            .unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Types into the first element of a selector.
    pub(crate) async fn fill(&self, selector: &str, text: &str) {
        let element = self.client.find(Locator::Css(selector)).await;
        element.unwrap_or_else(|error| panic!("{selector}: {error}")).send_keys(text).await.unwrap();
    }

    /// Presses a key where the focus is, by its name and its virtual key code.
    pub(crate) async fn press(&self, key: &str, code: u32) {
        // Only a key that writes something presses a button.
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let event =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
            self.devtools("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Presses the tabulator.
    pub(crate) async fn tab(&self) {
        self.press("Tab", 9).await;
    }

    /// Waits until a file is downloaded to its end, and takes it.
    pub(crate) fn downloaded(&self) -> Vec<u8> {
        let folder = self.profile.path().join(DOWNLOADS);
        let whole = || {
            let files = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
            // Until then it has the ending or the dot of what is not finished.
            files.into_iter().find(|file| file.extension().is_some_and(|ending| ending == "json"))
        };
        until("the file is there", || whole().is_some());
        let file = whole().expect("it is still there");
        let content = fs::read(&file).unwrap();
        fs::remove_file(file).unwrap();
        content
    }

    /// The text of the page's heading.
    pub(crate) async fn heading(&self) -> String {
        self.run("return document.querySelector('h1').textContent").await.as_str().unwrap().to_owned()
    }

    /// Looks at the page in another way.
    pub(crate) async fn look(&self, look: Look) {
        let forced = if look == Look::Forced { "active" } else { "none" };
        let width = if look == Look::Narrow { 320 } else { 1000 };
        self.look_as(width, look == Look::Dark, forced).await;
    }

    /// Looks at it on a screen so many px wide, light or dark.
    pub(crate) async fn screen(&self, width: u32, dark: bool) {
        self.look_as(width, dark, "none").await;
    }

    async fn look_as(&self, width: u32, dark: bool, forced: &str) {
        let height = match width {
            ..=320 => 256,
            321..400 => 640,
            _ => 800,
        };
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "forced-colors", "value": forced },
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Asks for pages in this language.
    pub(crate) async fn speak(&self, lang: &str) {
        self.devtools("Network.enable", json!({})).await;
        let headers = json!({ "headers": { "Accept-Language": lang } });
        self.devtools("Network.setExtraHTTPHeaders", headers).await;
    }

    /// Lets the pages run scripts, or not.
    pub(crate) async fn scripts(&self, allowed: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": !allowed })).await;
    }

    /// A picture of the whole page, as PNG.
    pub(crate) async fn picture(&self) -> Vec<u8> {
        self.captured(json!({ "format": "png", "captureBeyondViewport": true })).await
    }

    /// A picture of a part of the page, as PNG.
    pub(crate) async fn part(&self, clip: Value) -> Vec<u8> {
        self.captured(json!({ "format": "png", "captureBeyondViewport": true, "clip": clip })).await
    }

    async fn captured(&self, what: Value) -> Vec<u8> {
        let picture = self.devtools("Page.captureScreenshot", what).await;
        BASE64.decode(picture["data"].as_str().unwrap().as_bytes()).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A driver that is told to end takes its browser along, also when the test failed.
        let id = self.driver.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.driver.wait();
    }
}

/// A command that only this driver has.
#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: String,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (reqwest::Method, Option<String>) {
        (reqwest::Method::POST, Some(self.body.clone()))
    }
}
