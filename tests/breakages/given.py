"""Falsehoods of what a user gives: data of few digits, and densities made of data."""

from __future__ import annotations

from breakages.engine import Breakage

GIVEN = (
    Breakage(
        name="precision: float64 is told no better than single",
        file="meanfield/tools/inputs/precision.py",
        old="return max(EPS, float(np.finfo(dtype).eps)) if",
        new="return max(SINGLE, float(np.finfo(dtype).eps)) if",
        red=("tests/tools/test_precision.py::test_the_room_follows_the_type_that_came",),
    ),
    Breakage(
        name="precision: a table's last place is counted from each first digit alone",
        file="meanfield/tools/inputs/precision.py",
        old="np.maximum(10.0 ** (first - most + 1.0), 10.0 ** float(-decimals))",
        new="10.0 ** (first - most + 1.0)",
        red=("tests/tools/test_precision.py::test_rounding_bounds_what_rounding_did",),
    ),
    Breakage(
        name="precision: a bound in single precision is nearly reached",
        file="meanfield/tools/inputs/precision.py",
        old="<= eps * abs(end), end, a)",
        new="<= eps * abs(end), end - 1e-9, a)",
        red=("tests/tools/test_precision.py::test_numbers_and_times_of_single_precision_reach_their_bounds",),
    ),
    Breakage(
        name="rounded: numbers of one digit are data of one digit",
        file="meanfield/tools/inputs/precision.py",
        old="COARSEST = 1e-3",
        new="COARSEST = 1.0",
        red=("tests/tools/test_precision.py::test_rounding_is_read_off_the_numbers",),
    ),
    Breakage(
        name="rounded: coefficients of rounded values are known",
        file="meanfield/spaces/rounded.py",
        old="max(error, 2.0 * self.coefficient)",
        new="error",
        red=("tests/spaces/test_rounded.py::test_values_are_data_of_their_precision",),
    ),
    Breakage(
        name="spectral: a resumed run forgets what the data left unknown",
        file="meanfield/methods/spectral.py",
        old="atol, form.rounding, form.total)",
        new="atol, 0.0, form.total)",
        red=("tests/spaces/test_rounded.py::test_the_run_tells_the_tolerance_that_follows",),
    ),
    Breakage(
        name="from points: the heat kernel is taken at time h^2",
        file="meanfield/spaces/from_points.py",
        old="np.exp(0.5 * h * h * space.laplacian)",
        new="np.exp(h * h * space.laplacian)",
        red=("tests/spaces/test_from_points.py::test_on_the_circle_it_is_the_wrapped_gaussian",),
    ),
    Breakage(
        name="from points: a negative projection is a density",
        file="meanfield/spaces/from_points.py",
        old="if low < -RESOLVED * high:",
        new="if False:",
        red=("tests/spaces/test_from_points.py::test_what_no_density_comes_from_is_refused_by_name",),
    ),
    Breakage(
        name="from cells: means of the logarithm for the logarithm of means",
        file="meanfield/spaces/from_cells.py",
        old="return log - np.log(mean), np.einsum",
        new="return log - np.sum(share * (table @ g), axis=-1), np.einsum",
        red=("tests/spaces/test_from_grids.py::test_the_error_of_equal_cells_falls_spectrally",),
    ),
    Breakage(
        name="from cells: counts are means, whatever the cells",
        file="meanfield/spaces/from_cells.py",
        old="> 1e-6 * sigma.max():",
        new="> sigma.max():",
        red=("tests/spaces/test_from_grids.py::test_cells_that_no_density_comes_from_are_refused_by_name",),
    ),
    Breakage(
        name="from map: longitudes begin at Greenwich",
        file="meanfield/spaces/from_map.py",
        old='"phi0": float(np.radians(east[0]))',
        new='"phi0": 0.0',
        red=("tests/spaces/test_from_grids.py::test_a_map_may_be_laid_out_in_any_way",),
    ),
    Breakage(
        name="from data: counts are divided by arcs of angle, not by areas",
        file="meanfield/spaces/from_data.py",
        old="from_cells.areas(self, from_cells.checked_edges(self, edges))",
        new="(lambda e: (e[1:] - e[:-1]) / (e[-1] - e[0]))(from_cells.checked_edges(self, edges))",
        red=("tests/spaces/test_from_grids.py::test_areas_of_cells",),
    ),
    Breakage(
        name="dataset: a law's own observables stay behind",
        file="meanfield/runs/dataset.py",
        old="    for name in record.names:\n",
        new="    for name in sorted({*record.names} & {*ENERGIES}):\n",
        red=("tests/runs/test_exported.py::test_a_dataset_holds_every_quantity_of_the_law",),
    ),
    Breakage(
        name="dataset: complex values as they are",
        file="meanfield/runs/dataset.py",
        old="if not np.iscomplexobj(value):",
        new="if True:",
        red=("tests/runs/test_exported.py::test_any_engine_writes_a_dataset_and_reads_it_back",),
    ),
    Breakage(
        name="versions: those of others are unknown",
        file="meanfield/tools/versions.py",
        old='"__version__", "unknown"',
        new='"__name__", "unknown"',
        red=("tests/tools/test_netcdf.py::test_others_can_open_it",),
    ),
    Breakage(
        name="files: what a killed process was writing stays for ever",
        file="meanfield/tools/files.py",
        old="        return True\n    except OSError:  # there is",
        new="        return False\n    except OSError:  # there is",
        red=("tests/tools/test_files.py::test_a_killed_process_leaves_the_old_file_whole",),
    ),
    Breakage(
        name="finished: a density may dip below zero between the nodes",
        file="meanfield/spaces/finished.py",
        old="_refuse_negative(rho.resized(2 * rho.space.size), known.value)",
        new="_refuse_negative(rho, known.value)",
        red=("tests/spaces/test_rounded.py::test_a_dip_between_the_nodes_is_negative",),
    ),
)
