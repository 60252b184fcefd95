//! Logins to a real PostgreSQL whose password changes before or after the secret does.
//!
//! The test starts a server in a new folder, on a socket in that folder. Where the programs are not installed, it
//! says so and passes.
#![cfg(test)]

use std::future::IntoFuture as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cloud_core::SecretString;
use rotation::{SCP_SECRET, World, cache, rotate};
use tokio::task::JoinSet;

/// Folders of the programs beside those of `PATH`: Debian keeps them apart, by version.
#[allow(clippy::disallowed_methods, reason = "finds programs as a shell does")]
fn folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders
}

fn program(name: &str) -> Option<PathBuf> {
    folders().into_iter().map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// A server that is stopped, and whose folder is removed, when this is dropped.
struct Postgres {
    folder: PathBuf,
    pg_ctl: PathBuf,
    psql: PathBuf,
    is_root: bool,
}

#[derive(Debug)]
enum LoginFailed {
    Password,
    Other(#[allow(dead_code, reason = "is shown")] String),
}

impl Postgres {
    /// Starts a server, or says what is missing.
    fn start() -> Result<Self, String> {
        let find = |name: &str| program(name).ok_or(format!("{name} is not installed"));
        let (initdb, pg_ctl, psql) = (find("initdb")?, find("pg_ctl")?, find("psql")?);
        let is_root = run(Command::new("id").arg("-u")).is_ok_and(|output| output.stdout == b"0\n");
        if is_root && program("setpriv").is_none() {
            return Err("PostgreSQL does not run as root, and setpriv is not installed".to_owned());
        }
        // Short, because the path of a socket is limited to about 100 bytes.
        let folder = std::env::temp_dir().join(format!("rotation-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let server = Self { folder, pg_ctl, psql, is_root };
        std::fs::write(server.folder.join("password"), "admin").map_err(|error| error.to_string())?;
        if is_root {
            run(Command::new("chown").args(["-R", "65534:65534"]).arg(&server.folder))?;
        }
        let data = server.folder.join("data");
        let mut init = server.unprivileged(&initdb);
        init.args(["--username=admin", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        init.arg("--pwfile").arg(server.folder.join("password")).arg("--pgdata").arg(&data);
        run(&mut init)?;
        let options =
            format!("-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=off", server.folder.display());
        let mut start = server.unprivileged(&server.pg_ctl);
        start.args(["start", "--wait", "--silent", "--options", &options]);
        start.arg("--pgdata").arg(&data).arg("--log").arg(server.folder.join("log"));
        run(&mut start)?;
        Ok(server)
    }

    /// A command as a user whom PostgreSQL accepts.
    fn unprivileged(&self, program: &Path) -> Command {
        if !self.is_root {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(program);
        command
    }

    fn psql(&self, user: &str, password: &str, statement: &str) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.psql);
        command.env("PGPASSWORD", password).env("PGCONNECT_TIMEOUT", "30").kill_on_drop(true);
        command.arg("--host").arg(&self.folder).args(["--no-psqlrc", "--no-password", "--tuples-only", "--no-align"]);
        command.args(["--username", user, "--dbname", "postgres", "--command", statement]);
        command
    }

    async fn admin(&self, statement: &str) {
        let output = self.psql("admin", "admin", statement).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    async fn change_password(&self, password: &str) {
        self.admin(&format!("alter role app password '{password}'")).await;
    }

    /// Logs in with the password of the secret. Returns it.
    async fn login(&self, secret: &SecretString) -> Result<String, LoginFailed> {
        let password = secret.expose_secret().split('"').nth(3).unwrap_or_default().to_owned();
        let output = self.psql("app", &password, "select current_user").output().await.unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        match output.status.success() {
            true => Ok(password),
            false if error.contains("password authentication failed") => Err(LoginFailed::Password),
            false => Err(LoginFailed::Other(error.into_owned())),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = self.unprivileged(&self.pg_ctl);
        stop.args(["stop", "--mode=immediate", "--silent", "--wait"]).arg("--pgdata").arg(self.folder.join("data"));
        let _ = stop.output();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    match output.status.success() {
        true => Ok(output),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

fn wrong_password(error: &LoginFailed) -> bool {
    matches!(error, LoginFailed::Password)
}

#[tokio::test]
async fn logins_survive_a_password_that_changes() {
    let database = match Postgres::start() {
        Ok(database) => Arc::new(database),
        Err(why) if why.contains("not installed") => {
            // Not through the macro, whose output a test that passes does not show.
            let text = format!("\nSKIPPED logins_survive_a_password_that_changes: {why}\n\n");
            std::io::stderr().write_all(text.as_bytes()).unwrap();
            return;
        }
        Err(why) => panic!("{why}"),
    };
    let world = World::start().await;
    database.admin("create role app login password 'p0'").await;
    rotate(&world, "p0").await;
    let (cache, runtime) = cache(world.scp.secrets_manager());
    let login = async |tried: &AtomicUsize| {
        let connect = |secret: Arc<SecretString>| {
            tried.fetch_add(1, Ordering::SeqCst);
            let database = Arc::clone(&database);
            async move { database.login(&secret).await }
        };
        let login = cache.login(SCP_SECRET.0, connect).retry_if(wrong_password);
        login.within(Duration::from_secs(90)).into_future().await.unwrap()
    };
    let tried = AtomicUsize::new(0);
    assert_eq!((&*login(&tried).await, tried.swap(0, Ordering::SeqCst)), ("p0", 1));

    // The secret changes first: the cache has the new password, and the database still takes the old one.
    rotate(&world, "p1").await;
    cache.refresh(SCP_SECRET.0).await.unwrap();
    assert_eq!((&*login(&tried).await, tried.swap(0, Ordering::SeqCst)), ("p0", 2));
    database.change_password("p1").await;
    assert_eq!((&*login(&tried).await, tried.swap(0, Ordering::SeqCst)), ("p1", 1));

    // The database changes first: the cached password is refused, and so is the one before.
    runtime.advance(Duration::from_secs(5));
    database.change_password("p2").await;
    rotate(&world, "p2").await;
    assert_eq!((&*login(&tried).await, tried.swap(0, Ordering::SeqCst)), ("p2", 3));

    // In the middle: the database has changed, and the secret follows during the third try.
    runtime.advance(Duration::from_secs(5));
    database.change_password("p3").await;
    let connect = |secret: Arc<SecretString>| {
        let (number, database, world) = (tried.fetch_add(1, Ordering::SeqCst), Arc::clone(&database), &world);
        async move {
            if number == 3 {
                rotate(world, "p3").await;
            }
            database.login(&secret).await
        }
    };
    let middle = cache.login(SCP_SECRET.0, connect).retry_if(wrong_password).within(Duration::from_secs(90));
    assert_eq!(middle.into_future().await.unwrap(), "p3");

    // Many programs log in while both change: the first half of their tries end before, the others begin after.
    let (changed, _) = tokio::sync::watch::channel(false);
    let tries = Arc::new(AtomicUsize::new(0));
    let mut logins = JoinSet::new();
    for _ in 0..6 {
        let (cache, database, tries) = (cache.clone(), Arc::clone(&database), Arc::clone(&tries));
        let change = changed.subscribe();
        logins.spawn(async move {
            let connect = |secret: Arc<SecretString>| {
                let (database, mut change) = (Arc::clone(&database), change.clone());
                let late = tries.fetch_add(1, Ordering::SeqCst) >= 3;
                async move {
                    if late {
                        change.wait_for(|changed| *changed).await.unwrap();
                    }
                    database.login(&secret).await
                }
            };
            let login = cache.login(SCP_SECRET.0, connect).retry_if(wrong_password);
            login.within(Duration::from_secs(100_000)).into_future().await
        });
    }
    let mut passwords = Vec::new();
    while passwords.len() < 3 {
        passwords.push(logins.join_next().await.unwrap().unwrap().unwrap());
    }
    rotate(&world, "p4").await;
    database.change_password("p4").await;
    changed.send(true).unwrap();
    while let Some(outcome) = logins.join_next().await {
        passwords.push(outcome.unwrap().unwrap());
    }
    assert_eq!(passwords, ["p3", "p3", "p3", "p4", "p4", "p4"]);
    assert!(tries.load(Ordering::SeqCst) > 6, "the late ones were refused first");
    // Another error is not a wrong password.
    let other = cache.login(SCP_SECRET.0, |_| async { Err::<(), _>(LoginFailed::Other("gone".to_owned())) });
    assert!(other.retry_if(wrong_password).into_future().await.is_err());
}
