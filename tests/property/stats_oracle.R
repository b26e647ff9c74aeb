# The answers of R to the data sets of stats_oracle.py: one line in, one line out.
#
# Functions of R's own packages where it has them (stats, survival, nlme, emmeans, mice); the
# formulas of the paper named beside it, written out here, where it has none. NA where R has no
# answer, "error" where it refuses the data.
suppressMessages({library(survival); library(nlme); library(emmeans)})
options(warn = -1)
z_of <- function(d) qnorm(1 - d$alpha / 2)
level <- function(d) 1 - d$alpha
root <- function(f, lower, upper) uniroot(f, c(lower, upper), tol = 1e-15, maxiter = 10000)$root
wilson <- function(x, n, z) {
  middle <- x / n + z^2 / (2 * n)
  half <- z * sqrt(x / n * (1 - x / n) / n + z^2 / (4 * n^2))
  c(max((middle - half) / (1 + z^2 / n), 0), min((middle + half) / (1 + z^2 / n), 1))
}
# where a falling score meets a target, the edge when it does not
limit <- function(score, target, from, edge) {
  inner <- edge + (from - edge) * 1e-13
  if (abs(from - edge) < 1e-13 || (score(inner) - target) * (edge - from) > 0) return(edge)
  root(function(delta) score(delta) - target, min(from, inner), max(from, inner))
}
methods <- list(
  mean = function(d) {
    t <- t.test(d$x, conf.level = level(d))
    list(t = c(t$estimate, t$conf.int, t$p.value), sd = sd(d$x),
      sas5 = quantile(d$x, c(.25, .5, .75), type = 2), r7 = quantile(d$x, c(.25, .5, .75)))
  },
  paired = function(d) {
    t <- t.test(d$after, d$before, paired = TRUE, conf.level = level(d))
    list(t = c(t$estimate, t$conf.int, t$p.value))
  },
  two_sample = function(d) {
    w <- t.test(d$x, d$y, conf.level = level(d))
    p <- t.test(d$x, d$y, var.equal = TRUE, conf.level = level(d))
    list(welch = c(w$conf.int, w$p.value, w$parameter), pooled = c(p$conf.int, p$p.value))
  },
  wilcoxon = function(d) {
    x <- d$x[d$x != 0]
    if (!length(x)) stop("all differences are zero")
    ranks <- rank(abs(x))
    v <- sum(ranks[x > 0])
    signs <- as.matrix(expand.grid(rep(list(0:1), length(x))))
    all_v <- as.vector(signs %*% ranks)
    exact <- min(1, 2 * min(mean(all_v <= v + 1e-9), mean(all_v >= v - 1e-9)))
    if (!anyDuplicated(abs(x)) && length(x) == length(d$x))
      stopifnot(abs(exact - wilcox.test(d$x, exact = TRUE)$p.value) < 1e-12)
    list(exact = exact,
      normal = wilcox.test(d$x, exact = FALSE, correct = FALSE)$p.value,
      corrected = wilcox.test(d$x, exact = FALSE, correct = TRUE)$p.value)
  },
  ancova = function(d) {
    m <- lm(y ~ g + z1 + z2, data.frame(d[c("y", "g", "z1", "z2")]))
    if (any(is.na(coef(m)))) stop("collinear")
    list(difference = c(coef(m)["g"], confint(m, "g", level(d)), summary(m)$coefficients["g", 4]),
      sigma = summary(m)$sigma)
  },
  proportion = function(d) {
    z <- z_of(d); x <- d$x; n <- d$n
    size <- n + z^2; middle <- (x + z^2 / 2) / size
    agresti <- middle + c(-1, 1) * z * sqrt(middle * (1 - middle) / size)
    wald <- x / n + c(-1, 1) * z * sqrt(x / n * (1 - x / n) / n)
    jeffreys <- c(if (x == 0) 0 else qbeta(d$alpha / 2, x + .5, n - x + .5),
      if (x == n) 1 else qbeta(1 - d$alpha / 2, x + .5, n - x + .5))
    list(wilson = prop.test(x, n, correct = FALSE, conf.level = level(d))$conf.int,
      clopper_pearson = binom.test(x, n, conf.level = level(d))$conf.int,
      agresti_coull = pmin(pmax(agresti, 0), 1), wald = pmin(pmax(wald, 0), 1),
      jeffreys = jeffreys)
  },
  difference = function(d) {
    z <- z_of(d); p1 <- d$x1 / d$n1; p2 <- d$x2 / d$n2; gap <- p1 - p2
    w1 <- wilson(d$x1, d$n1, z); w2 <- wilson(d$x2, d$n2, z)
    # Newcombe (1998), method 10
    newcombe <- c(gap - sqrt((p1 - w1[1])^2 + (w2[2] - p2)^2),
      gap + sqrt((w1[2] - p1)^2 + (p2 - w2[1])^2))
    # Miettinen and Nurminen (1985): the likelihood's maximum given the difference, by bisection of
    # its derivative in the second proportion
    score <- function(delta, factor) {
      slope <- function(q) (d$x1 / (q + delta) - (d$n1 - d$x1) / (1 - q - delta) +
        d$x2 / q - (d$n2 - d$x2) / (1 - q))
      low <- max(0, -delta); high <- min(1, 1 - delta)
      a <- low; b <- high
      for (i in 1:200) {
        q <- (a + b) / 2; s <- slope(q)
        if (is.nan(s) || s == 0) break
        if (s > 0) a <- q else b <- q
      }
      q1 <- q + delta
      variance <- (q1 * (1 - q1) / d$n1 + q * (1 - q) / d$n2) * factor
      (gap - delta) / sqrt(max(variance, 1e-300))
    }
    factor <- (d$n1 + d$n2) / (d$n1 + d$n2 - 1)
    both <- function(f) c(limit(function(x) score(x, f), z, gap, -1),
      limit(function(x) score(x, f), -z, gap, 1))
    wald <- gap + c(-1, 1) * z * sqrt(p1 * (1 - p1) / d$n1 + p2 * (1 - p2) / d$n2)
    list(newcombe = newcombe, miettinen_nurminen = both(factor), mee = both(1),
      wald = pmin(pmax(wald, -1), 1))
  },
  two_proportions = function(d) {
    table <- matrix(c(d$x1, d$n1 - d$x1, d$x2, d$n2 - d$x2), 2)
    empty <- any(rowSums(table) == 0)
    list(fisher = fisher.test(table)$p.value,
      chi_square = if (empty) 1 else chisq.test(table, correct = FALSE)$p.value,
      chi_square_corrected = if (empty) 1 else chisq.test(table)$p.value)
  },
  mcnemar = function(d) {
    b <- d$b; c <- d$c; n <- b + c; low <- min(b, c)
    if (n == 0) return(list(p = 1, exact = 1, mid = 1))
    # Fagerland, Lydersen and Laake (2013)
    mid <- if (b == c) 1 - dbinom(b, n, .5) / 2 else 2 * pbinom(low, n, .5) - dbinom(low, n, .5)
    table <- matrix(c(3, b, c, 4), 2)
    list(p = mcnemar.test(table, correct = FALSE)$p.value, exact = binom.test(b, n)$p.value,
      mid = mid)
  },
  paired_difference = function(d) {
    z <- z_of(d); n <- d$a + d$b + d$c + d$e; gap <- (d$b - d$c) / n
    # Tango (1998): the maximum of the likelihood in the second discordant share given the difference
    score <- function(delta) {
      a2 <- 2 * n; b2 <- -d$b - d$c + (2 * n - d$b + d$c) * delta; c2 <- -d$c * delta * (1 - delta)
      q <- (sqrt(max(b2^2 - 4 * a2 * c2, 0)) - b2) / (2 * a2)
      (d$b - d$c - n * delta) / sqrt(max(n * (2 * q + delta * (1 - delta)), 1e-300))
    }
    # Newcombe (1998), paired, method 10
    p1 <- (d$a + d$b) / n; p2 <- (d$a + d$c) / n
    w1 <- wilson(d$a + d$b, n, z); w2 <- wilson(d$a + d$c, n, z)
    margin <- prod(c(d$a + d$b, d$c + d$e, d$a + d$c, d$b + d$e)); cross <- d$a * d$e - d$b * d$c
    phi <- if (margin == 0) 0 else (if (cross > 0) max(cross - n / 2, 0) else cross) / sqrt(margin)
    dl <- p1 - w1[1]; du <- w1[2] - p1; el <- p2 - w2[1]; eu <- w2[2] - p2
    newcombe <- gap + c(-sqrt(dl^2 - 2 * phi * dl * eu + eu^2), sqrt(el^2 - 2 * phi * el * du + du^2))
    list(tango = c(limit(score, z, gap, -1), limit(score, -z, gap, 1)),
      newcombe = pmin(pmax(newcombe, -1), 1))
  },
  rate = function(d) {
    p <- poisson.test(d$x, d$t, conf.level = level(d)); z <- z_of(d); x <- d$x
    byar <- c(if (x == 0) 0 else x * max(1 - 1 / (9 * x) - z / (3 * sqrt(x)), 0)^3,
      (x + 1) * (1 - 1 / (9 * (x + 1)) + z / (3 * sqrt(x + 1)))^3)
    list(garwood = c(p$estimate, p$conf.int), byar = byar / d$t)
  },
  rates = function(d) {
    z <- z_of(d); gap <- d$x1 / d$t1 - d$x2 / d$t2
    # Miettinen and Nurminen (1985): the likelihood's maximum given the difference, by bisection
    score <- function(delta) {
      a <- max(0, -delta); b <- max(d$x1 / d$t1, d$x2 / d$t2) + abs(delta) + 1e-6
      for (i in 1:300) {
        q <- (a + b) / 2
        s <- d$x1 / (q + delta) + d$x2 / q - d$t1 - d$t2
        if (is.nan(s) || s == 0) break
        if (s > 0) a <- q else b <- q
      }
      (gap - delta) / sqrt(max((q + delta) / d$t1 + q / d$t2, 1e-300))
    }
    reach <- 50 * (1 + d$x1 + d$x2) / min(d$t1, d$t2)
    low <- -reach; high <- reach
    difference <- c(limit(score, z, gap, low), limit(score, -z, gap, high))
    if (d$x1 + d$x2 == 0) return(list(difference = difference))
    r <- poisson.test(c(d$x1, d$x2), c(d$t1, d$t2), conf.level = level(d))
    list(difference = difference, ratio = c(r$conf.int, r$p.value))
  },
  survival = function(d) {
    out <- list()
    for (type in c("log-log", "log", "plain")) {
      k <- survfit(Surv(time, event) ~ 1, d, conf.type = type, conf.int = level(d))
      out[[paste0("lower_", type)]] <- k$lower; out[[paste0("upper_", type)]] <- k$upper
      q <- quantile(k, c(.25, .5, .75))
      out$quantiles <- q$quantile
      # R reads a curve of limits that rises in places by its heights; ours is read by its times
      falls <- function(x) all(diff(x[!is.na(x)]) <= 1e-12)
      if (falls(k$lower)) out[[paste0("quantiles_lower_", type)]] <- q$lower
      if (falls(k$upper)) out[[paste0("quantiles_upper_", type)]] <- q$upper
    }
    out$surv <- k$surv
    out$se <- ifelse(k$surv > 0, k$std.err * k$surv, NA)
    # R refuses a horizon before the first time
    table <- tryCatch(summary(k, rmean = d$horizon)$table, error = function(e) NULL)
    if (!is.null(table)) out$restricted <- table[grep("rmean", names(table))]
    out
  },
  log_rank = function(d) {
    s <- survdiff(Surv(time, event) ~ group, d)
    if (sum(s$exp > 0) < 2) stop("nothing to compare")
    list(chisq = s$chisq, df = sum(s$exp > 0) - 1, expected = s$exp)
  },
  incidence = function(d) {
    out <- list()
    for (type in c("log-log", "log", "plain")) {
      k <- survfit(Surv(d$time, factor(d$cause, 0:2)) ~ 1, conf.type = type, conf.int = level(d))
      sure <- abs(1 - k$pstate[, 2]) < 1e-12
      out[[paste0("lower_", type)]] <- ifelse(sure, NA, k$lower[, 2])
      out[[paste0("upper_", type)]] <- ifelse(sure, NA, k$upper[, 2])
    }
    out$incidence <- k$pstate[, 2]
    out$se <- ifelse(sure, NA, k$std.err[, 2])
    out
  },
  association = function(d) {
    r <- cor.test(d$x, d$y, method = "spearman", exact = FALSE)
    m <- lm(y ~ x, data.frame(x = d$x, y = d$y)); n <- length(d$x); rho <- unname(r$estimate)
    # Bonett and Wright (2000)
    half <- z_of(d) * sqrt((1 + rho^2 / 2) / (n - 3))
    ends <- if (abs(rho) > 1 - 1e-12) c(rho, rho) else tanh(atanh(rho) + c(-1, 1) * half)
    list(spearman = c(rho, ends), p = if (abs(rho) > 1 - 1e-12) NULL else r$p.value,
      slope = c(coef(m)[2], confint(m, 2, level(d))))
  },
  pool = function(d) {
    p <- mice::pool.scalar(d$q, d$u, n = d$complete + 1, k = 1)
    r <- mice::pool.scalar(d$q, d$u, n = Inf, k = 1)
    out <- list(total = c(p$qbar, p$t, p$r, r$t))
    # mice holds the share of missing information at 1e-4 or more
    if (p$r / (1 + p$r) > 1e-4) {
      half <- qt(1 - d$alpha / 2, p$df) * sqrt(p$t)
      out$df <- c(p$df, p$fmi, p$qbar - half, p$qbar + half)
    }
    out
  },
  mmrm = function(d) {
    f <- data.frame(id = factor(d$id), visit = factor(d$visit), arm = factor(d$arm),
      base = d$base, y = d$y)
    f$place <- as.integer(f$visit)
    control <- glsControl(tolerance = 1e-12, msTol = 1e-14, maxIter = 500, msMaxIter = 500,
      opt = "optim")
    f <<- f
    if (nlevels(f$visit) == 1) {
      g <- gls(y ~ arm + base, f, method = "REML", control = control)
    } else {
      g <- gls(y ~ arm * visit + base, f, correlation = corSymm(form = ~ place | id),
        weights = varIdent(form = ~ 1 | visit), method = "REML", control = control)
    }
    means <- emmeans(g, if (nlevels(f$visit) == 1) ~ arm else ~ arm | visit, mode = "asymp",
      data = f)
    gaps <- as.data.frame(contrast(means, "revpairwise", by = if (nlevels(f$visit) == 1) NULL else "visit"))
    list(deviance = -2 * as.numeric(logLik(g)), beta = unname(coef(g)),
      se = unname(sqrt(diag(vcov(g)))), gap = gaps$estimate, gap_se = gaps$SE)
  }
)
write_line <- function(method, id, answer) {
  if (inherits(answer, "error")) {
    body <- "error"
  } else {
    answer <- answer[!vapply(answer, is.null, TRUE)]
    numbers <- vapply(answer, function(x) paste(ifelse(is.na(x), "NA", sprintf("%.17g", x)),
      collapse = ","), "")
    body <- paste(names(answer), numbers, sep = "=", collapse = ";")
  }
  paste(method, id, body, sep = "|")
}
here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
source(file.path(here, "stats_oracle_models.R"))
methods <- c(methods, more)
lines <- readLines(commandArgs(TRUE)[1])
answers <- vapply(lines, function(line) {
  parts <- strsplit(line, "|", fixed = TRUE)[[1]]
  pairs <- strsplit(strsplit(parts[3], ";", fixed = TRUE)[[1]], "=", fixed = TRUE)
  d <- lapply(pairs, function(pair) as.numeric(strsplit(pair[2], ",", fixed = TRUE)[[1]]))
  names(d) <- vapply(pairs, `[`, "", 1)
  write_line(parts[1], parts[2], tryCatch(methods[[parts[1]]](d), error = function(e) e))
}, "")
writeLines(unname(answers), commandArgs(TRUE)[2])
