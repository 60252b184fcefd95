//! The options of the commands `load` and `soak`.

use std::path::PathBuf;

use super::server;

/// The settings of one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many calls a round has; the last scenarios may exceed it.
    pub calls: u64,
    /// How many rounds there are, on one sandbox.
    pub rounds: u64,
    /// How many scenarios run concurrently.
    pub concurrency: u64,
    /// The seed of the random numbers.
    pub seed: u64,
    /// The sandbox's binary; by default the one beside this program.
    pub sandbox: Option<PathBuf>,
}

impl Options {
    /// Reads a command line over these defaults; returns `None` if it asks for help.
    ///
    /// # Errors
    /// If a word is unknown or has an invalid value.
    pub(crate) fn read(mut self, words: &[String]) -> Result<Option<Self>, String> {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (name, inline) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word.as_str(), None),
            };
            let mut value = || {
                let value = inline.or_else(|| words.next().map(String::as_str));
                value.ok_or_else(|| format!("{name} needs a value"))
            };
            let number = |value: Result<&str, String>| {
                let number = value?.parse::<u64>().ok().filter(|number| *number > 0);
                number.ok_or_else(|| format!("{name} takes a whole number above 0"))
            };
            match name {
                "--help" | "-h" => return Ok(None),
                "--calls" => self.calls = number(value())?,
                "--rounds" => self.rounds = number(value())?,
                "--concurrency" => self.concurrency = number(value())?,
                "--seed" => self.seed = number(value())?,
                "--sandbox" => self.sandbox = Some(value()?.into()),
                other => return Err(format!("unknown argument {other}: see --help")),
            }
        }
        Ok(Some(self))
    }

    /// Returns the sandbox's binary.
    ///
    /// # Errors
    /// If none was given and there is none beside this program.
    pub(crate) fn binary(&self) -> Result<PathBuf, String> {
        self.sandbox.clone().map_or_else(server::beside, Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: Options = Options { calls: 1, rounds: 2, concurrency: 3, seed: 4, sandbox: None };

    fn read(line: &str) -> Result<Option<Options>, String> {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        DEFAULTS.read(&words)
    }

    #[test]
    fn option_value_may_follow_a_space_or_an_equals_sign() {
        assert_eq!(read("").unwrap(), Some(DEFAULTS));
        let given = read("--calls 10 --rounds=20 --seed 40 --sandbox bin/x").unwrap().unwrap();
        let wanted = Options { calls: 10, rounds: 20, concurrency: 3, seed: 40, sandbox: Some("bin/x".into()) };
        assert_eq!(given, wanted);
        assert_eq!(read("--calls 10 --help").unwrap(), None);
    }

    #[test]
    fn invalid_option_is_named_in_the_error() {
        for (line, why) in [
            ("--calls", "--calls needs a value"),
            ("--calls 0", "--calls takes a whole number above 0"),
            ("--rounds=many", "--rounds takes a whole number above 0"),
            ("--fast", "unknown argument --fast: see --help"),
        ] {
            assert_eq!(read(line).unwrap_err(), why);
        }
    }
}
