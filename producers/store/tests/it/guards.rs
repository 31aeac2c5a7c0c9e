//! The guard tables.

use std::time::Duration;

use souk_schemas::ids::UserId;
use souk_stack::Space;
use souk_store::StoreError;
use souk_store::guards::external_ids::{self, Claimed, Namespace};
use souk_store::guards::logins::{self, EmailClaim};
use souk_store::guards::payment_tasks::{self, PaymentTask};
use uuid::Uuid;

use crate::support::{database, on_both_servers};

on_both_servers!(
    an_email_belongs_to_one_person,
    of_many_emails_those_that_are_taken_are_told,
    an_external_id_keeps_its_id,
    a_task_is_picked_by_one_and_settled_once,
    a_server_that_cannot_serve_now_is_not_available,
);

fn person(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

async fn an_email_belongs_to_one_person(space: Space) {
    let pool = database(&space).await;
    let mut tx = pool.begin().await.unwrap();
    let first = logins::insert(&mut tx, person(1), "ada@example.com", Some("hash")).await;
    let second = logins::insert(&mut tx, person(2), "ada@example.com", None).await;
    let third = logins::insert(&mut tx, person(2), "bob@example.com", None).await;
    let moved = logins::change_email(&mut tx, person(2), "ada@example.com").await;
    assert_eq!(
        [first, second, third, moved].map(Result::unwrap),
        [
            EmailClaim::Claimed,
            EmailClaim::Taken,
            EmailClaim::Claimed,
            EmailClaim::Taken
        ]
    );
    tx.commit().await.unwrap();
    let login = logins::find(&pool, "ada@example.com")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (login.user_id, login.password_hash.as_deref()),
        (person(1), Some("hash"))
    );
    assert!(
        logins::find(&pool, "eve@example.com")
            .await
            .unwrap()
            .is_none()
    );
}

async fn of_many_emails_those_that_are_taken_are_told(space: Space) {
    let pool = database(&space).await;
    let mut tx = pool.begin().await.unwrap();
    logins::insert(&mut tx, person(1), "ada@example.com", None)
        .await
        .unwrap();
    let people = [
        (person(2), "zoe@example.com".to_owned()),
        (person(3), "ada@example.com".to_owned()),
        (person(4), "bob@example.com".to_owned()),
    ];
    let claims = logins::insert_all(&mut tx, &people).await.unwrap();
    assert_eq!(
        claims,
        [EmailClaim::Claimed, EmailClaim::Taken, EmailClaim::Claimed]
    );
    tx.commit().await.unwrap();
}

async fn an_external_id_keeps_its_id(space: Space) {
    let pool = database(&space).await;
    let listings = Namespace {
        kind: "listing",
        owner: Uuid::from_u128(9),
    };
    let mut tx = pool.begin().await.unwrap();
    let ids = [1, 2, 3].map(Uuid::from_u128);
    let first = external_ids::claim(&mut tx, listings, &[("B", ids[0]), ("A", ids[1])]).await;
    let second = external_ids::claim(&mut tx, listings, &[("A", ids[2]), ("a", ids[2])]).await;
    let claimed = |id, is_new| Claimed { id, is_new };
    assert_eq!(
        first.unwrap(),
        [claimed(ids[0], true), claimed(ids[1], true)]
    );
    assert_eq!(
        second.unwrap(),
        [claimed(ids[1], false), claimed(ids[2], true)]
    );
    external_ids::release(&mut tx, listings, &["B", "a"])
        .await
        .unwrap();
    let left = external_ids::resolve(&mut tx, listings, &["A", "B", "a"])
        .await
        .unwrap();
    assert_eq!(
        left.into_iter().collect::<Vec<_>>(),
        [("A".to_owned(), ids[1])]
    );
    tx.commit().await.unwrap();
}

async fn a_task_is_picked_by_one_and_settled_once(space: Space) {
    let pool = database(&space).await;
    let lease = Duration::from_secs(30);
    let task = PaymentTask {
        task_id: Uuid::from_u128(1),
        order_id: Uuid::from_u128(2),
        kind: "authorize".to_owned(),
        task: b"{}".to_vec(),
        attempts: 0,
    };
    let mut tx = pool.begin().await.unwrap();
    payment_tasks::insert(&mut tx, &task, 1_000).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(payment_tasks::next_due(&pool).await.unwrap(), Some(1_000));
    let early = payment_tasks::pick_due(&pool, 999, lease, 10)
        .await
        .unwrap();
    assert_eq!(early, []);
    let (one, other) = tokio::join!(
        payment_tasks::pick_due(&pool, 1_000, lease, 10),
        payment_tasks::pick_due(&pool, 1_000, lease, 10),
    );
    let picked = [one.unwrap(), other.unwrap()].concat();
    let expected = PaymentTask {
        attempts: 1,
        ..task.clone()
    };
    assert_eq!(picked, [expected]);

    // Whoever picked it has died: after the lease it is due again.
    let again = payment_tasks::pick_due(&pool, 30_001_000, lease, 10)
        .await
        .unwrap();
    assert_eq!(again[0].attempts, 2);
    payment_tasks::postpone(&pool, task.task_id, 5)
        .await
        .unwrap();
    assert_eq!(payment_tasks::next_due(&pool).await.unwrap(), Some(5));

    let mut tx = pool.begin().await.unwrap();
    assert!(payment_tasks::settle(&mut tx, task.task_id).await.unwrap());
    assert!(!payment_tasks::settle(&mut tx, task.task_id).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(payment_tasks::next_due(&pool).await.unwrap(), None);
}

async fn a_server_that_cannot_serve_now_is_not_available(space: Space) {
    let pool = database(&space).await;
    // Disk full, out of memory, too many connections of one user, read-only, cut off for being silent.
    for number in [1021, 1037, 1041, 1040, 1114, 1203, 1226, 1290, 1836, 4031] {
        let signal = format!("SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {number}");
        let error = sqlx::raw_sql(sqlx::AssertSqlSafe(signal)).execute(&pool);
        let error = StoreError::from(error.await.unwrap_err());
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
}
