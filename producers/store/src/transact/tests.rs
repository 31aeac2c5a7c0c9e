use super::*;

fn broken() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::BrokenPipe.into())
}

fn patience() -> Patience {
    Patience::new(Duration::from_mins(1))
}

#[test]
fn contention_is_retried_a_bounded_number_of_times() {
    let mut patience = patience();
    let waits = std::iter::repeat_with(|| patience.after(StoreError::Contended(broken()), true))
        .take_while(|next| matches!(next, Next::Wait(_)))
        .count();
    assert_eq!(waits, MAX_CONTENDED as usize);
}

#[test]
fn a_dead_connection_is_replaced_but_an_exhausted_pool_is_not_waited_for_twice() {
    let mut first = patience();
    assert!(matches!(
        first.after(StoreError::Unavailable(broken()), true),
        Next::Wait(_)
    ));
    let mut second = patience();
    assert!(matches!(
        second.after(StoreError::Unavailable(sqlx::Error::PoolTimedOut), true),
        Next::GiveUp(StoreError::Unavailable(_))
    ));
}

#[test]
fn an_unanswered_commit_is_resolved_only_with_a_key() {
    let mut without = patience();
    assert!(matches!(
        without.after(StoreError::OutcomeUnknown(broken()), false),
        Next::GiveUp(StoreError::OutcomeUnknown(_))
    ));
    let mut with = patience();
    assert!(matches!(
        with.after(StoreError::OutcomeUnknown(broken()), true),
        Next::Wait(_)
    ));
}

#[test]
fn after_an_unanswered_commit_no_error_claims_that_nothing_was_done() {
    let mut patience = Patience::new(Duration::ZERO);
    assert!(matches!(
        patience.after(StoreError::OutcomeUnknown(broken()), true),
        Next::GiveUp(StoreError::OutcomeUnknown(_))
    ));
    assert!(matches!(
        patience.after(StoreError::Unavailable(broken()), true),
        Next::GiveUp(StoreError::OutcomeUnknown(_))
    ));
    assert!(matches!(
        patience.after(StoreError::Contended(broken()), true),
        Next::GiveUp(StoreError::OutcomeUnknown(_))
    ));
}

#[test]
fn an_unanswered_commit_is_not_asked_for_forever() {
    let mut patience = Patience::new(Duration::ZERO);
    patience.after(StoreError::OutcomeUnknown(broken()), true);
    assert!(matches!(
        patience.after(StoreError::InProgress, true),
        Next::GiveUp(StoreError::InProgress)
    ));
}

#[test]
fn pauses_grow_to_about_a_second() {
    for (attempt, least) in [(1, 4), (4, 32), (8, 512), (u32::MAX, 512)] {
        let pause = pause(attempt).as_millis();
        assert!((least..2 * least).contains(&pause), "{attempt}: {pause} ms");
    }
}
