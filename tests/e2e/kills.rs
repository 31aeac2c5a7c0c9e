//! Everything is killed, again and again, under load; afterwards nothing acknowledged is missing, doubled or out of order.

mod ledger;
mod verdict;
mod writers;

use std::{sync::Arc, time::Duration};

use rand::{Rng as _, SeedableRng as _, rngs::SmallRng, seq::SliceRandom as _};
use souk_stack::{Server, Stack, TestStack};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

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
    for role in ROLES {
        app.wait_ready(role).await;
    }
    println!("{num_kills} kills, {} acknowledged commands", ledger.len());
    verdict::pronounce(&app, &ledger).await;
}

/// Kills in random order. A victim is started again while the next one is killed, and spared while it is still starting. In the end
/// everything runs.
async fn kill_until(app: &Arc<App>, stack: &Stack, mut random: SmallRng, until: Instant) -> u32 {
    let mut num_kills = 0;
    let mut recoveries: [Option<JoinHandle<()>>; VICTIMS.len()] = Default::default();
    'chaos: loop {
        let mut round: [usize; VICTIMS.len()] = std::array::from_fn(|number| number);
        round.shuffle(&mut random);
        for number in round {
            // The pace of the chaos itself, not a wait for anything.
            sleep(Duration::from_millis(random.random_range(1_000..4_000))).await;
            if Instant::now() > until {
                break 'chaos;
            }
            if let Some(recovery) = &mut recoveries[number] {
                if !recovery.is_finished() {
                    continue;
                }
                recovery.await.expect("what was killed starts again");
            }
            let victim = VICTIMS[number];
            println!("kill {victim:?}");
            kill(app, stack, victim).await;
            num_kills += 1;
            let down = Duration::from_millis(random.random_range(0..2_000));
            recoveries[number] = Some(tokio::spawn(recover(
                app.clone(),
                stack.clone(),
                victim,
                down,
            )));
        }
    }
    for recovery in recoveries.into_iter().flatten() {
        recovery.await.expect("what was killed starts again");
    }
    num_kills
}

async fn kill(app: &App, stack: &Stack, victim: Victim) {
    match victim {
        Victim::Role(name) => app.kill_role(name),
        Victim::Server(server) => stack
            .kill(server)
            .await
            .expect("a running server can be killed"),
    }
}

async fn recover(app: Arc<App>, stack: Stack, victim: Victim, down: Duration) {
    sleep(down).await;
    match victim {
        Victim::Role(name) => app.spawn_role(name),
        Victim::Server(server) => stack
            .start(server)
            .await
            .expect("a killed server starts again"),
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
