//! Everything is killed, again and again, under load; afterwards nothing acknowledged is missing, doubled or out of order.

mod ledger;
mod verdict;
mod writers;

use std::{sync::Arc, time::Duration};

use rand::{Rng as _, SeedableRng as _, rngs::SmallRng, seq::SliceRandom as _};
use souk_stack::{Server, Stack, TestStack};
use tokio::time::{Instant, sleep};

use self::ledger::Ledger;
use crate::support::{App, ROLES};

const WRITERS: u64 = 16;
const DEFAULT_SECONDS: u64 = 120;

#[derive(Clone, Copy, Debug)]
enum Victim {
    Role(&'static str),
    Server(Server),
}

const VICTIMS: [Victim; 6] = [
    Victim::Role("command-api"),
    Victim::Role("relay"),
    Victim::Role("processors"),
    Victim::Server(Server::Opensearch),
    Victim::Server(Server::Kafka),
    Victim::Server(Server::Mysql),
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_doubled_or_reordered_whatever_is_killed() {
    let seed = setting("SOUK_KILLS_SEED").unwrap_or(1);
    let duration = Duration::from_secs(setting("SOUK_KILLS_SECONDS").unwrap_or(DEFAULT_SECONDS));
    println!("seed {seed}, {duration:?}");
    let stack = TestStack::own("kills").await;
    let app = Arc::new(App::prepare(
        stack.space("kills").await,
        &[("QUERY_API__CONSISTENCY_WAIT", "2s")],
    ));
    app.start_roles(&ROLES).await;

    let ledger = Arc::new(Ledger::default());
    let until = Instant::now() + duration;
    let market = writers::open_market(&app, &ledger, WRITERS).await;
    let writing: Vec<_> = (0..WRITERS)
        .map(|number| {
            tokio::spawn(writers::write(
                app.clone(),
                ledger.clone(),
                market.clone(),
                seed,
                number,
                until,
            ))
        })
        .collect();
    let num_kills = kill_until(&app, stack.stack(), SmallRng::seed_from_u64(seed), until).await;
    for writer in writing {
        writer
            .await
            .expect("a writer gets an answer to everything in the end");
    }
    println!("{num_kills} kills, {} acknowledged commands", ledger.len());
    verdict::pronounce(&app, &ledger).await;
}

/// Kills in random order, each victim as often as the others, and starts it again.
async fn kill_until(app: &App, stack: &Stack, mut random: SmallRng, until: Instant) -> u32 {
    let mut num_kills = 0;
    loop {
        let mut round = VICTIMS;
        round.shuffle(&mut random);
        for victim in round {
            // The pace of the chaos itself, not a wait for anything.
            sleep(Duration::from_millis(random.random_range(500..3_000))).await;
            if Instant::now() > until {
                return num_kills;
            }
            println!("kill {victim:?}");
            let down = Duration::from_millis(random.random_range(0..2_000));
            match victim {
                Victim::Role(name) => {
                    app.kill_role(name);
                    sleep(down).await;
                    app.start_roles(&[name]).await;
                }
                Victim::Server(server) => {
                    stack
                        .kill(server)
                        .await
                        .expect("a running server can be killed");
                    sleep(down).await;
                    stack
                        .start(server)
                        .await
                        .expect("a killed server starts again");
                }
            }
            num_kills += 1;
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long to run is for whoever runs the test to say"
)]
fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
    )
}
