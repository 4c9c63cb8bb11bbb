use super::*;
use crate::{
    network::Endpoint,
    result::{Commit, Degradation, Failure, Measure, Metric, Scaling, Series, Stage, Stages},
    scenario::all,
};
use std::cell::RefCell;

fn options() -> Options {
    let commit = Commit::try_from("0123456789abcdef".to_owned()).unwrap();
    Options::new("virtengine".into(), |_| Ok(Vec::new()), commit)
}

fn analysis(over: Over) -> Analysis {
    Analysis { over, sizes: vec![16, 1, 2, 4, 8, 16], repeat: 3 }
}

/// A system whose latency grows with its size and whose throughput falls with the root of it.
#[derive(Default)]
struct Model {
    runs: RefCell<Vec<(u64, u64)>>,
    /// Sizes and seeds whose runs fail.
    broken: Vec<(u64, u64)>,
}

impl Scenario for Model {
    fn name(&self) -> &'static str {
        "model"
    }

    fn about(&self) -> &'static str {
        "a model"
    }

    fn defaults(&self, _: &mut Options) {}

    fn run(&self, options: &Options, _: &Progress) -> Result<RunResult> {
        self.runs.borrow_mut().push((options.size, options.seed));
        eyre::ensure!(
            !self.broken.contains(&(options.size, options.seed)),
            "no node at size {}",
            options.size
        );
        let size = options.size as f64;
        let machine = Machine { cpu: "cpu".into(), cores: 2, memory_bytes: 1 << 30, os: "os".into() };
        let commit = options.commit.clone();
        let mut result = RunResult::new(self.name(), options.seed, commit, Timestamp::now(), machine);
        result.parameters =
            [("size", json!(options.size)), ("rate", json!(5)), ("drawn", json!(options.seed))]
                .map(|(name, value)| (name.to_owned(), value))
                .into();
        // The last repetition is off, as one of many may be.
        let off = if options.seed == 3 { 1.5 } else { 1.0 };
        result.metrics = vec![
            Metric::new("committed_tps", 1_000.0 / size.sqrt() / off, "tx/s").with_limit(2_000.0),
            Metric::new("latency_p99_ms", size * off, "ms"),
            Metric::new("error_rate", 0.0, "ratio"),
            Metric::new("offered_tps", 1_000.0, "tx/s"),
        ];
        let stage = |stage: &str, mean_ms: f64, busy: f64| Stage {
            stage: stage.to_owned(),
            seconds: 1.0,
            count: 10,
            mean_ms,
            busy,
        };
        result.series = vec![Series::Stages(Stages {
            name: "nodes".into(),
            stages: vec![stage("block sync", size.powi(2), 0.5), stage("block idle", 1.0, 0.001)],
            bound_by: Some(format!("disk ({size} % busy)")),
        })];
        result.errors = vec![Failure::new("refused", 2)];
        Ok(result)
    }
}

fn scaling(result: &RunResult) -> Vec<&Scaling> {
    result
        .series
        .iter()
        .filter_map(|series| match series {
            Series::Scaling(scaling) => Some(scaling),
            _ => None,
        })
        .collect()
}

#[test]
fn an_analysis_says_what_becomes_worse_and_by_which_power_of_the_size() {
    let model = Model::default();
    let result = analysis(Over::Size).run(&model, &options(), None, &Progress::hidden()).unwrap();
    assert_eq!(result.scenario, "degradation");
    let read = RunResult::from_json(result.to_json().unwrap().as_bytes()).unwrap();
    assert_eq!((read.metrics.len(), read.series.len()), (result.metrics.len(), result.series.len()));
    let found = scaling(&result);
    let names: Vec<&str> = found.iter().map(|scaling| scaling.name.as_str()).collect();
    assert_eq!(names, ["committed_tps", "latency_p99_ms", "stage block sync"]);
    for (scaling, measure, exponent, factor, class) in [
        (found[0], Measure::Throughput, -0.5, 4.0, Degradation::Warning),
        (found[1], Measure::Cost, 1.0, 16.0, Degradation::Critical),
        (found[2], Measure::Cost, 2.0, 256.0, Degradation::Critical),
    ] {
        let growth = scaling.growth.as_ref().unwrap();
        assert_eq!((scaling.measure, scaling.points.len(), growth.class), (measure, 15, class));
        assert!((growth.exponent.value - exponent).abs() < 1e-9, "{growth:?}");
        assert!((growth.factor / factor - 1.0).abs() < 1e-9, "{growth:?}");
        assert_eq!(
            (scaling.bound_by.as_deref(), scaling.size_unit.as_str()),
            (Some("disk"), "accounts in the state")
        );
    }
    let value = |name: &str| result.metric(name).unwrap().value;
    assert_eq!((value("latency_p99_ms_factor"), value("latency_p99_ms")), (16.0, 16.0));
    assert_eq!((value("committed_tps"), value("offered_tps")), (250.0, 1_000.0));
    assert_eq!(result.metric("committed_tps").unwrap().ratio, Some(0.125));
    assert_eq!(result.errors, [Failure::new("refused", 30)]);
    let parameter = |name: &str| result.parameters.get(name).cloned();
    assert_eq!((parameter("scenario"), parameter("rate")), (Some(json!("model")), Some(json!(5))));
    assert_eq!((parameter("sizes"), parameter("over")), (Some(json!([1, 2, 4, 8, 16])), Some(json!("size"))));
    assert_eq!((parameter("size"), parameter("drawn")), (None, None), "what differs is no parameter of all");
}

#[test]
fn throughput_by_so_many_at_once_gets_the_scalability_law() {
    let result =
        analysis(Over::Validators).run(&Model::default(), &options(), None, &Progress::hidden()).unwrap();
    let found = scaling(&result);
    assert_eq!(found[0].measure, Measure::Concurrency);
    assert!(found[0].growth.as_ref().unwrap().scalability.is_some());
    assert!(found[1].growth.as_ref().unwrap().scalability.is_none());
}

#[test]
fn sizes_take_turns_in_an_order_of_the_seed() {
    let analysis = analysis(Over::Size);
    let turns = analysis.turns(7);
    assert_eq!(turns, analysis.turns(7));
    assert_ne!(turns, analysis.turns(8));
    for (repetition, round) in (0..).zip(turns.chunks(5)) {
        let mut sizes: Vec<u64> = round.iter().map(|turn| turn.size).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 2, 4, 8, 16]);
        assert!(round.iter().all(|turn| turn.repetition == repetition));
    }
    let model = Model::default();
    analysis.run(&model, &Options { seed: 1, ..options() }, None, &Progress::hidden()).unwrap();
    let seeds: Vec<u64> = model.runs.borrow().iter().map(|(_, seed)| *seed).collect();
    assert_eq!(seeds, [[1; 5], [2; 5], [3; 5]].concat(), "a repetition draws the same for all sizes");
}

#[test]
fn every_run_has_its_own_home_and_size() {
    let options = Options { home: Some("/homes".into()), repeat: 9, ..options() };
    let of = |over| analysis(over).options(&options, Turn { size: 8, repetition: 2 });
    let run = of(Over::Size);
    assert_eq!((run.size, run.seed, run.repeat), (8, 3, 1));
    assert_eq!(run.home, Some("/homes/size-8-2".into()));
    assert_eq!((of(Over::Accounts).accounts, of(Over::Providers).providers), (8, 8));
    assert_eq!((of(Over::Connections).connections(), of(Over::Validators).validators), (8, 8));
    assert_eq!(of(Over::HotShare).hot_share, 0.08);
}

#[test]
fn the_size_of_every_scenario_is_of_its_own_network() {
    assert!(all().iter().all(|scenario| scenario.size() == Over::Size));
}

#[test]
fn a_run_that_fails_is_a_hole_in_the_result() {
    let model = Model { broken: vec![(16, 2), (4, 1), (4, 2), (4, 3)], ..Model::default() };
    let result = analysis(Over::Size).run(&model, &options(), None, &Progress::hidden()).unwrap();
    assert_eq!((model.runs.borrow().len(), Analysis::missing(&result)), (15, 4));
    let latency = scaling(&result)[1];
    assert_eq!((latency.points.len(), latency.growth.as_ref().unwrap().sizes.len()), (11, 4));
    assert_eq!(latency.growth.as_ref().unwrap().factor, 20.0, "of two runs of the largest size, one is off");
    assert_eq!(result.errors[0], Failure::new("no run of size 4, repetition 1: no node at size 4", 1));
    assert_eq!(result.errors.len(), 5);
    let missing = result.parameters["missing"].as_str().unwrap();
    assert!(
        missing.starts_with("size 4, repetition 1; ") && missing.ends_with("size 16, repetition 2"),
        "{missing}"
    );
    let page =
        crate::report::page(std::slice::from_ref(&result), &crate::baseline::Baselines::default()).unwrap();
    assert!(page.contains("missing here: </b>size 4, repetition 1;"));
    let whole = analysis(Over::Size).run(&Model::default(), &options(), None, &Progress::hidden()).unwrap();
    assert_eq!((Analysis::missing(&whole), whole.parameters.get("missing")), (0, None));
    let all = (1..=3).flat_map(|seed| [1, 2, 4, 8, 16].map(|size| (size, seed))).collect();
    let none = Model { broken: all, ..Model::default() };
    let result = analysis(Over::Size).run(&none, &options(), None, &Progress::hidden()).unwrap();
    assert_eq!((Analysis::missing(&result), result.metrics.len()), (15, 1));
}

#[test]
fn finished_runs_are_kept_and_reused_with_the_same_settings() {
    let folder = tempfile::tempdir().unwrap();
    let kept = |resume| Kept::new(folder.path().join("runs"), resume);
    let count = |model: &Model| model.runs.borrow().len();
    let run = |model: &Model, options: &Options, resume| {
        analysis(Over::Size).run(model, options, Some(&kept(resume)), &Progress::hidden()).unwrap()
    };
    let broken = Model { broken: vec![(16, 2)], ..Model::default() };
    let first = run(&broken, &options(), true);
    assert_eq!((count(&broken), Analysis::missing(&first)), (15, 1));
    assert_eq!(std::fs::read_dir(kept(true).folder()).unwrap().count(), 14);
    let again = Model::default();
    let second = run(&again, &options(), true);
    assert_eq!((again.runs.borrow().as_slice(), Analysis::missing(&second)), ([(16, 2)].as_slice(), 0));
    let whole = analysis(Over::Size).run(&Model::default(), &options(), None, &Progress::hidden()).unwrap();
    assert_eq!((second.metrics, second.errors), (whole.metrics, whole.errors));
    // With another setting, without leave, and where nobody knows what was measured, everything is measured anew.
    let other = Options { rate: 7.0, ..options() };
    let dirty =
        Options { commit: Commit::try_from("0123456789abcdef-dirty".to_owned()).unwrap(), ..options() };
    for (options, resume) in [(&other, true), (&options(), false), (&dirty, true), (&dirty, true)] {
        let model = Model::default();
        run(&model, options, resume);
        assert_eq!(count(&model), 15);
    }
}

#[test]
fn an_interrupt_ends_an_analysis() {
    struct Stopped;
    impl Scenario for Stopped {
        fn name(&self) -> &'static str {
            "stopped"
        }

        fn about(&self) -> &'static str {
            "somebody interrupts"
        }

        fn defaults(&self, _: &mut Options) {}

        fn run(&self, _: &Options, _: &Progress) -> Result<RunResult> {
            Err(Interrupted.into())
        }
    }
    let error = analysis(Over::Size).run(&Stopped, &options(), None, &Progress::hidden()).unwrap_err();
    assert!(error.is::<Interrupted>());
}

#[test]
fn the_usual_sizes_of_every_setting_are_enough() {
    for over in
        [Over::Size, Over::Accounts, Over::Connections, Over::Validators, Over::Providers, Over::HotShare]
    {
        let usual = Analysis { sizes: over.usual().to_vec(), ..analysis(over) };
        assert_eq!(usual.validate(&options()), Ok(()), "{over:?}");
    }
}

#[test]
fn rejects_too_few_sizes() {
    let few = Analysis { sizes: vec![1, 2, 4, 8, 8], ..analysis(Over::Size) };
    assert_eq!(few.validate(&options()), Err(AnalysisError::Sizes { found: 4 }));
}

#[test]
fn rejects_sizes_that_the_setting_cannot_have() {
    let zero = Analysis { sizes: vec![0, 1, 2, 3, 4], ..analysis(Over::Size) };
    let error = zero.validate(&options()).unwrap_err();
    assert_eq!(error, AnalysisError::Size { option: "size", found: 0, max: 100_000_000 });
    let many = Analysis { sizes: vec![1, 2, 3, 4, 33], ..analysis(Over::Validators) };
    assert!(matches!(many.validate(&options()), Err(AnalysisError::Size { found: 33, max: 32, .. })));
}

#[test]
fn rejects_no_runs_and_too_many() {
    for repeat in [0, 1_000] {
        let error = Analysis { repeat, ..analysis(Over::Size) }.validate(&options()).unwrap_err();
        assert_eq!(error, AnalysisError::Runs { repeat, sizes: 5, runs: repeat as usize * 5 });
    }
}

#[test]
fn rejects_to_raise_what_a_network_that_runs_has() {
    let endpoint: Endpoint = "rpc=127.0.0.1:1,grpc=127.0.0.1:2".parse().unwrap();
    let given = Options { endpoints: vec![endpoint], ..options() };
    assert_eq!(analysis(Over::Size).validate(&given), Err(AnalysisError::Given { option: "size" }));
    assert_eq!(analysis(Over::Connections).validate(&given), Ok(()));
}
