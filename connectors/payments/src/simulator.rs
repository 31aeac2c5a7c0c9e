//! A gateway whose answers depend on the request alone.
//!
//! | `amount_minor % 100` | answer |
//! |---|---|
//! | 13 | authorization declined, `insufficient_funds` |
//! | 17 | authorization declined, `card_expired` |
//! | 29 | capture declined, `authorization_expired` |
//! | 31 | refund declined, `refund_window_closed` |
//! | else | approved |

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::gateway::{Answer, Authorize, Capture, GatewayFuture, PaymentGateway, Refund};

/// How the simulator misbehaves; not at all by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimulatorConfig {
    /// Every answer takes this long.
    #[serde(with = "humantime_serde")]
    pub delay: Duration,
    /// Every n-th call finds nobody: nothing is done. 0 for never.
    pub unavailable_every: u64,
    /// Every n-th call is carried out but its answer is lost, so that the caller repeats it. 0 for never.
    pub lost_answer_every: u64,
}

/// The gateway of development and tests.
#[derive(Debug, Default)]
pub struct Simulator {
    config: SimulatorConfig,
    num_calls: AtomicU64,
}

impl Simulator {
    /// Builds a simulator.
    pub fn new(config: SimulatorConfig) -> Self {
        Self {
            config,
            num_calls: AtomicU64::new(0),
        }
    }

    /// Returns how often it was called.
    pub fn num_calls(&self) -> u64 {
        self.num_calls.load(Ordering::Relaxed)
    }

    async fn answer(&self, answer: Answer) -> Answer {
        let call = self.num_calls.fetch_add(1, Ordering::Relaxed) + 1;
        if !self.config.delay.is_zero() {
            tokio::time::sleep(self.config.delay).await;
        }
        let is_turn = |every: u64| every != 0 && call.is_multiple_of(every);
        if is_turn(self.config.unavailable_every) || is_turn(self.config.lost_answer_every) {
            return Answer::Unavailable;
        }
        answer
    }
}

impl PaymentGateway for Simulator {
    fn authorize<'a>(&'a self, request: &'a Authorize) -> GatewayFuture<'a> {
        let answer = match request.amount_minor % 100 {
            13 => declined("insufficient_funds"),
            17 => declined("card_expired"),
            _ => approved("auth", request.key),
        };
        Box::pin(self.answer(answer))
    }

    fn capture<'a>(&'a self, request: &'a Capture) -> GatewayFuture<'a> {
        let answer = match request.amount_minor % 100 {
            29 => declined("authorization_expired"),
            _ => approved("capture", request.key),
        };
        Box::pin(self.answer(answer))
    }

    fn refund<'a>(&'a self, request: &'a Refund) -> GatewayFuture<'a> {
        let answer = match request.amount_minor % 100 {
            31 => declined("refund_window_closed"),
            _ => approved("refund", request.key),
        };
        Box::pin(self.answer(answer))
    }
}

fn declined(reason: &str) -> Answer {
    Answer::Declined {
        reason: reason.to_owned(),
    }
}

/// The reference comes from the key alone, so a repeated call gets the same one, also from a simulator that was restarted.
fn approved(kind: &str, key: Uuid) -> Answer {
    let digest: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    let number = digest
        .iter()
        .take(8)
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    Answer::Approved {
        reference: format!("sim_{kind}_{number:016x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorize(amount_minor: i64) -> Authorize {
        Authorize {
            key: Uuid::from_u128(7),
            order_id: Uuid::from_u128(8),
            amount_minor,
            currency: "EUR".to_owned(),
            method: "credit_card",
        }
    }

    fn capture(amount_minor: i64) -> Capture {
        Capture {
            key: Uuid::from_u128(9),
            reference: "sim_auth_1".to_owned(),
            amount_minor,
            currency: "EUR".to_owned(),
        }
    }

    fn refund(amount_minor: i64) -> Refund {
        Refund {
            key: Uuid::from_u128(10),
            reference: "sim_capture_1".to_owned(),
            amount_minor,
            currency: "EUR".to_owned(),
        }
    }

    #[tokio::test]
    async fn the_amount_decides_what_is_declined() {
        let simulator = Simulator::default();
        for (amount, reason) in [(1013, "insufficient_funds"), (1017, "card_expired")] {
            assert_eq!(
                simulator.authorize(&authorize(amount)).await,
                declined(reason)
            );
        }
        assert_eq!(
            simulator.capture(&capture(1029)).await,
            declined("authorization_expired")
        );
        assert_eq!(
            simulator.refund(&refund(1031)).await,
            declined("refund_window_closed")
        );
        for amount in [1, 1000, 1299] {
            let answers = [
                simulator.authorize(&authorize(amount)).await,
                simulator.capture(&capture(amount)).await,
                simulator.refund(&refund(amount)).await,
            ];
            assert!(
                answers
                    .iter()
                    .all(|answer| matches!(answer, Answer::Approved { .. })),
                "{answers:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_repeated_call_gets_the_same_answer_from_any_simulator() {
        let first = Simulator::default().authorize(&authorize(1000)).await;
        let second = Simulator::default().authorize(&authorize(1000)).await;
        assert_eq!(first, second);
        let other = Authorize {
            key: Uuid::from_u128(11),
            ..authorize(1000)
        };
        assert_ne!(first, Simulator::default().authorize(&other).await);
    }

    #[tokio::test]
    async fn calls_fail_in_turn_when_told_so() {
        let simulator = Simulator::new(SimulatorConfig {
            unavailable_every: 3,
            lost_answer_every: 2,
            ..SimulatorConfig::default()
        });
        let mut lost = Vec::new();
        for call in 1..=6 {
            if simulator.authorize(&authorize(1000)).await == Answer::Unavailable {
                lost.push(call);
            }
        }
        assert_eq!(lost, [2, 3, 4, 6]);
        assert_eq!(simulator.num_calls(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn answers_take_as_long_as_told() {
        let simulator = Simulator::new(SimulatorConfig {
            delay: Duration::from_secs(3),
            ..SimulatorConfig::default()
        });
        let start = tokio::time::Instant::now();
        simulator.authorize(&authorize(1000)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(3));
    }
}
