//! The README's first command, with a small demo and ports of its own.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use uuid::Uuid;

/// A machine of somebody who has just read the README.
struct Machine {
    home: PathBuf,
    settings: Vec<(String, String)>,
}

impl Machine {
    fn new() -> Self {
        let home =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("up-{}", Uuid::new_v4().simple()));
        // Below the ports that systems give away by themselves, and above those of other tests.
        let first = 30_000 + std::process::id() % 200 * 12;
        let port = |number: u32| (first + number).to_string();
        let address = |number: u32| format!("127.0.0.1:{}", first + number);
        let settings = [
            ("STACK__PORTS__MYSQL", port(0)),
            ("STACK__PORTS__KAFKA", port(1)),
            ("STACK__PORTS__REGISTRY", port(3)),
            ("STACK__PORTS__OPENSEARCH", port(4)),
            ("MYSQL__URL", format!("mysql://root@{}/souk", address(0))),
            ("KAFKA__BOOTSTRAP", address(1)),
            (
                "REGISTRY__URL",
                format!("http://{}/apis/ccompat/v7", address(3)),
            ),
            ("OPENSEARCH__URL", format!("http://{}", address(4))),
            ("COMMAND_API__LISTEN", address(5)),
            ("QUERY_API__LISTEN", address(6)),
            ("OPS__COMMAND_API", address(7)),
            ("OPS__QUERY_API", address(8)),
            ("OPS__RELAY", address(9)),
            ("OPS__PROCESSORS", address(10)),
            ("DEMO__LISTINGS", "60".to_owned()),
            ("DEMO__ORDERS", "6".to_owned()),
        ];
        let settings = settings
            .into_iter()
            .map(|(key, value)| (format!("SOUK__{key}"), value))
            .collect();
        Self { home, settings }
    }

    fn souk(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_souk"));
        command
            .arg("--home")
            .arg(&self.home)
            .args(arguments)
            .envs(self.settings.iter().cloned());
        command.output().expect("the binary runs")
    }

    /// Ends `up` as a crash would.
    fn kill(&self) {
        let lock = std::fs::read_to_string(self.home.join("up.lock"))
            .expect("a running `up` holds a lock");
        let pid = lock
            .split_whitespace()
            .next()
            .expect("the lock names its holder");
        let killed = Command::new("kill")
            .args(["-9", pid])
            .status()
            .expect("kill runs");
        assert!(killed.success());
    }

    fn setting(&self, key: &str) -> &str {
        let key = format!("SOUK__{key}");
        self.settings
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value.as_str())
            .expect("a known key")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.souk(&["down", "--purge"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn up_serves_a_demo_marketplace_until_down() {
    let machine = Machine::new();
    let up = machine.souk(&["up", "--detach"]);
    assert!(
        up.status.success(),
        "{}",
        String::from_utf8_lossy(&up.stderr)
    );
    let said = String::from_utf8_lossy(&up.stdout);
    assert!(said.contains("curl"), "requests to try are printed: {said}");

    let search = format!(
        "http://{}/api/v1/catalog/search?limit=100",
        machine.setting("QUERY_API__LISTEN")
    );
    souk_stack::eventually(
        crate::support::PATIENCE,
        "the demo's listings",
        async || {
            let answer: Value = reqwest::get(&search).await.ok()?.json().await.ok()?;
            let items = answer["items"].as_array()?;
            let is_whole =
                |item: &Value| item["seller_name"].is_string() && item["category_path"].is_array();
            (items.len() == 60 && items.iter().all(is_whole)).then_some(())
        },
    )
    .await;

    let status = machine.souk(&["status", "--json"]);
    let document: Value = serde_json::from_slice(&status.stdout).expect("the status is JSON");
    assert!(status.status.success(), "{document}");
    let roles = document["roles"]
        .as_array()
        .expect("the status lists roles");
    assert!(
        roles.len() == 4 && roles.iter().all(|role| role["ready"] == true),
        "{document}"
    );

    let again = machine.souk(&["up"]);
    assert!(
        !again.status.success()
            && String::from_utf8_lossy(&again.stderr).contains("souk is up already")
    );

    let down = machine.souk(&["down"]);
    assert!(
        down.status.success(),
        "{}",
        String::from_utf8_lossy(&down.stderr)
    );
    assert!(!machine.souk(&["status"]).status.success());

    let up = machine.souk(&["up", "--detach", "--no-demo"]);
    assert!(
        up.status.success(),
        "{}",
        String::from_utf8_lossy(&up.stderr)
    );
    let kept: Value = reqwest::get(&search)
        .await
        .expect("the query API answers")
        .json()
        .await
        .expect("it answers JSON");
    assert_eq!(
        kept["items"].as_array().map(Vec::len),
        Some(60),
        "data is kept"
    );

    machine.kill();
    souk_stack::eventually(
        crate::support::PATIENCE,
        "the roles to end without their supervisor",
        async || {
            let document: Value =
                serde_json::from_slice(&machine.souk(&["status", "--json"]).stdout).ok()?;
            document["roles"]
                .as_array()?
                .iter()
                .all(|role| role["running"] == false)
                .then_some(())
        },
    )
    .await;
    let down = machine.souk(&["down", "--purge"]);
    assert!(
        down.status.success(),
        "{}",
        String::from_utf8_lossy(&down.stderr)
    );
    assert!(!machine.home.exists(), "nothing is left");
}
