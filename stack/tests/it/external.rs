use souk_stack::{Config, Mode, Progress, Server, ServerState, Stack, StackError, TestStack, Urls};

fn external(urls: Urls) -> Stack {
    let mode = Mode::External { urls };
    Stack::new(
        Config {
            mode,
            ..Config::default()
        },
        "",
    )
}

#[tokio::test]
async fn servers_of_others_are_only_asked() {
    let urls = TestStack::get().await.urls();
    let stack = external(urls.clone());
    assert!(stack.check().is_complete());
    assert_eq!(
        stack.up(&Server::CORE, &Progress::traced()).await.unwrap(),
        urls
    );
    let lines = stack.status().await.unwrap();
    assert!(
        lines.iter().all(|line| line.state == ServerState::Running),
        "{lines:?}"
    );

    for refused in [stack.kill(Server::Kafka).await, stack.purge().await] {
        assert!(
            matches!(refused, Err(StackError::NotHere { .. })),
            "{refused:?}"
        );
    }
    stack.down().await.unwrap();
    assert!(stack.up(&Server::CORE, &Progress::traced()).await.is_ok());
}

#[tokio::test]
async fn unreachable_server_is_named_with_its_address() {
    let stack = external(Urls {
        opensearch: "http://127.0.0.1:1".to_owned(),
        ..TestStack::get().await.urls()
    });
    let error = stack
        .up(&Server::CORE, &Progress::traced())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("opensearch at http://127.0.0.1:1 does not answer"),
        "{error}"
    );
}
