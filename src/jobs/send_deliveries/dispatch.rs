//! The dispatcher: one for all campaigns that are being sent. It writes the outcomes that came back and claims the
//! next letters in one transaction after the other, each for another campaign in turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::App;
use crate::domain::campaign::{self, state};
use crate::domain::delivery::claim::{
    Claims, DueCampaign, Holder, Wanted, claim, due_campaigns, release_slots,
};
use crate::domain::delivery::letter::Letterhead;
use crate::domain::delivery::pace;
use crate::domain::delivery::pace::Scope;
use crate::domain::delivery::settle::{Settlement, settle};
use crate::error::{Error, Result};
use crate::jobs::send_deliveries::crew::{Crew, Order};

/// How often it looks which campaigns have letters due, and at what pace.
const LOOK: Duration = Duration::from_millis(500);

/// How long a prepared campaign is used before it is read again: new keys and changed brands count from then on.
const PREPARED_FOR: Duration = Duration::from_secs(30);

/// How long outcomes wait before the database is tried again.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// How often outcomes are tried again once the server is told to stop; what is left then becomes uncertain.
const TRIES_AT_THE_END: u32 = 10;

/// A campaign that is being sent.
struct Sending {
    due: DueCampaign,
    letterhead: Arc<Letterhead>,
    prepared_at: Instant,
    /// Nothing more was due when it was looked at last.
    dry: bool,
}

/// Takes over the paces that are stored now. Letters that wait for a slot of their domain are due again when slots come
/// at another pace.
///
/// # Errors
/// Of the database.
pub(super) async fn keep_pace(app: &App) -> Result<()> {
    let paces = app.db.read(pace::list).await?;
    if !app.pacer.adopt(paces) {
        return Ok(());
    }
    for campaign in app.db.read(|conn| campaign::in_states(conn, &campaign::BEING_SENT)).await? {
        let now = app.clock.now();
        while app.db.write(move |conn| release_slots(conn, campaign.id, now)).await? {}
    }
    Ok(())
}

/// What the dispatcher knows while letters are on their way.
pub(super) struct Dispatcher {
    app: App,
    crew: Crew,
    campaigns: Vec<Sending>,
    /// Whose turn it is.
    next: usize,
    looked_at: Option<Instant>,
    /// Outcomes that are not written yet.
    settlements: Vec<Settlement>,
    /// What failed; told once everything in hand is settled. Nothing is claimed meanwhile.
    failure: Option<Error>,
    tries_at_the_end: u32,
    sent_any: bool,
}

impl Dispatcher {
    pub(super) fn new(app: &App) -> Self {
        Self {
            app: app.clone(),
            crew: Crew::new(app),
            campaigns: Vec::new(),
            next: 0,
            looked_at: None,
            settlements: Vec::new(),
            failure: None,
            tries_at_the_end: 0,
            sent_any: false,
        }
    }

    /// Settles and claims until no letter is due, or none may go now, and none is in hand. Returns whether any was
    /// claimed.
    ///
    /// An outcome is never dropped: while the database is away it is kept and tried again.
    pub(super) async fn run(mut self) -> Result<bool> {
        loop {
            self.settlements.extend(self.crew.heard());
            let closed = self.app.is_stopping() || self.failure.is_some();
            let wanted = if closed { None } else { self.look_and_choose().await };
            if wanted.is_some() || !self.settlements.is_empty() {
                if !self.turn_over(wanted).await {
                    break;
                }
            } else if self.crew.is_at_rest() {
                break;
            } else {
                let heard = self.crew.listen(LOOK).await;
                self.settlements.extend(heard);
            }
        }
        let relays = 0..self.app.relays.all().len();
        let all_away = relays.clone().all(|relay| self.crew.is_away(relay));
        self.crew.dismiss().await;
        match self.failure {
            Some(failure) => Err(failure),
            None if all_away => Err(Error::Unavailable(anyhow::anyhow!("no mail relay can be reached"))),
            None => Ok(self.sent_any),
        }
    }

    /// Looks at the campaigns if it is time, and chooses whose letters are claimed next and how many.
    async fn look_and_choose(&mut self) -> Option<(usize, usize)> {
        if self.looked_at.is_none_or(|at| at.elapsed() >= LOOK) {
            self.looked_at = Some(Instant::now());
            if let Err(error) = self.look().await {
                self.failure = Some(error);
                return None;
            }
        }
        self.choose()
    }

    /// Reads which campaigns have letters due and at what pace, and prepares those that are new.
    async fn look(&mut self) -> Result<()> {
        keep_pace(&self.app).await?;
        let now = self.app.clock.now();
        let due = self.app.db.read(move |conn| due_campaigns(conn, now)).await?;
        let mut known = std::mem::take(&mut self.campaigns);
        for due in due {
            let prepared = known
                .iter()
                .position(|sending| sending.due.id == due.id && sending.prepared_at.elapsed() < PREPARED_FOR);
            match prepared {
                Some(at) => self.campaigns.push(Sending { due, dry: false, ..known.swap_remove(at) }),
                None => self.prepare(due).await?,
            }
        }
        for relay in 0..self.app.relays.all().len() {
            if self.campaigns.iter().any(|sending| self.serves(relay, sending)) {
                self.crew.hire(relay, 1);
            }
        }
        Ok(())
    }

    async fn prepare(&mut self, due: DueCampaign) -> Result<()> {
        let (id, keys, options) = (due.id, self.app.keys.clone(), Arc::clone(&self.app.options));
        if let Some(relay) = due.relay.as_deref().filter(|relay| !self.app.relays.has(relay)) {
            let why = format!("The brand's relay {relay} is not among the relays of this server");
            return self.pause(id, why).await;
        }
        let loaded = self.app.db.read(move |conn| {
            let campaign = campaign::get(conn, id)?;
            Letterhead::load(conn, &campaign, &keys, options.relay_signs, options.return_path.as_ref())
        });
        let letterhead = match loaded.await {
            Ok(letterhead) => Arc::new(letterhead),
            Err(why @ (Error::Invalid(_) | Error::Conflict(_))) => {
                return self.pause(id, why.to_string()).await;
            }
            Err(error) => return Err(error),
        };
        self.app.links.warm(letterhead.links());
        self.campaigns.push(Sending { due, letterhead, prepared_at: Instant::now(), dry: false });
        Ok(())
    }

    /// Something it stands on changed since it was scheduled: it pauses and says why, and the others go on.
    async fn pause(&self, campaign: i64, why: String) -> Result<()> {
        tracing::warn!(campaign, %why, "a campaign can no longer be sent and is paused");
        let now = self.app.clock.now();
        self.app.db.write(move |conn| state::pause(conn, campaign, Some(&why), now)).await?;
        Ok(())
    }

    fn serves(&self, relay: usize, sending: &Sending) -> bool {
        let name = &self.app.relays.all()[relay].name;
        sending.due.relay.as_ref().is_none_or(|own| own == name)
    }

    /// How many letters each relay may get now, of at most `most`.
    fn rooms(&self, sending: &Sending) -> Vec<usize> {
        let relays = self.app.relays.all().iter().enumerate();
        let room = |(at, relay): (usize, &crate::mail::relay::Relay<_>)| {
            if !self.serves(at, sending) || self.crew.is_away(at) {
                return 0;
            }
            self.app.pacer.room(Scope::Relay, &relay.name, self.crew.idle(at))
        };
        relays.map(room).collect()
    }

    /// The next campaign in turn that has letters due and may send some: its place, and how many.
    fn choose(&self) -> Option<(usize, usize)> {
        let pacer = &self.app.pacer;
        (0..self.campaigns.len()).map(|step| (self.next + step) % self.campaigns.len()).find_map(|at| {
            let sending = &self.campaigns[at];
            if sending.dry {
                return None;
            }
            let letters = self.rooms(sending).iter().sum();
            let letters = pacer.room(Scope::Campaign, &sending.due.name, letters);
            let letters = pacer.room(Scope::Server, "", letters);
            (letters > 0).then_some((at, letters))
        })
    }

    /// One transaction: writes what came back, and claims letters of one campaign. False if it was tried often enough.
    async fn turn_over(&mut self, wanted: Option<(usize, usize)>) -> bool {
        let (now, pacer) = (self.app.clock.now(), Arc::clone(&self.app.pacer));
        let holder = Holder { node: self.app.node, lease: self.app.options.lease };
        let outcomes = Arc::new(std::mem::take(&mut self.settlements));
        let of = wanted.map(|(at, letters)| Wanted { campaign: self.campaigns[at].due.id, letters, holder });
        let written = Arc::clone(&outcomes);
        let turned = self.app.db.write(move |conn| {
            settle(conn, &written, now)?;
            of.map_or(Ok(Claims::default()), |of| claim(conn, of, &pacer, now))
        });
        match turned.await {
            Ok(claims) => {
                if let Some((at, _)) = wanted {
                    self.distribute(at, claims);
                }
                true
            }
            Err(error) => {
                self.settlements = Arc::unwrap_or_clone(outcomes);
                tracing::warn!(%error, "outcomes wait for the database");
                self.failure = Some(error);
                self.tries_at_the_end += u32::from(self.app.is_stopping());
                tokio::time::sleep(DATABASE_PAUSE).await;
                self.tries_at_the_end <= TRIES_AT_THE_END
            }
        }
    }

    /// Gives the claimed letters to the relays, each time to the one with the most leisure.
    fn distribute(&mut self, at: usize, claims: Claims) {
        let pacer = Arc::clone(&self.app.pacer);
        let mut rooms = self.rooms(&self.campaigns[at]);
        let sending = &mut self.campaigns[at];
        sending.dry = !claims.more;
        pacer.spend(Scope::Campaign, &sending.due.name, claims.letters.len());
        pacer.spend(Scope::Server, "", claims.letters.len());
        let (campaign, letterhead) = (sending.due.id, Arc::clone(&sending.letterhead));
        for claimed in claims.letters {
            let leisure = |relay: &usize| self.crew.leisure(*relay);
            // There are never more claims than workers that wait.
            let Some(relay) = (0..rooms.len())
                .filter(|relay| rooms[*relay] > 0)
                .max_by(|one, other| leisure(one).total_cmp(&leisure(other)))
            else {
                break;
            };
            rooms[relay] -= 1;
            pacer.spend(Scope::Relay, &self.app.relays.all()[relay].name, 1);
            self.crew.give(relay, Order { campaign, letterhead: Arc::clone(&letterhead), claimed });
            self.sent_any = true;
        }
        if claims.more {
            for relay in 0..rooms.len() {
                if self.serves(relay, &self.campaigns[at]) {
                    self.crew.hire(relay, usize::MAX);
                }
            }
        }
        self.next = at + 1;
    }
}
