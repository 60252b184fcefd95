//! Times calls through the SDK and the same calls by hand, each on its own; `pairs` compares them side by side.

use std::hint::black_box;
use std::time::Duration;

use bench::by_hand::Result;
use bench::setup::{KEYS, Setup};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};

fn main() -> Result<()> {
    let setup = Setup::new()?;
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(2))
        .measurement_time(Duration::from_secs(8))
        .configure_from_args();

    let mut group = criterion.benchmark_group("encrypt");
    time(&mut group, "sdk", || setup.encrypt_with_sdk());
    time(&mut group, "by hand", || setup.encrypt_by_hand());
    time(&mut group, "by hand, no limit", || setup.encrypt_by_hand_without_limit());
    time(&mut group, "sdk, hyper", || setup.encrypt_with_sdk_on_hyper());
    time(&mut group, "by hand, hyper", || setup.encrypt_by_hand_on_hyper());
    group.finish();

    let mut group = criterion.benchmark_group("list_keys");
    group.throughput(Throughput::Elements(KEYS as u64));
    time(&mut group, "sdk", || setup.list_with_sdk());
    time(&mut group, "by hand", || setup.list_by_hand());
    group.finish();

    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Bytes(setup.page().len() as u64));
    time(&mut group, "Timestamp", || setup.decode_timestamps());
    time(&mut group, "String", || setup.decode_strings());
    group.finish();

    criterion.final_summary();
    Ok(())
}

fn time<T>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, mut call: impl FnMut() -> Result<T>) {
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let answer = black_box(call());
            // A failed call would look fast.
            assert!(answer.is_ok(), "{name} failed");
            answer
        });
    });
}
