# The answers of R for regression models, strata, rank estimates and multiplicity; see
# stats_oracle.R. A warning of R (separation, limits that cannot be had) counts as a refusal.
strict <- function(expr) withCallingHandlers(expr, warning = function(w) stop(conditionMessage(w)))
# limits of a profile: where twice the fall of the log-likelihood is the chi-square quantile
profile_ends <- function(loglik, top, centre, se, alpha) {
  fall <- function(b) 2 * (top - loglik(b)) - qchisq(1 - alpha, 1)
  vapply(c(-1, 1), function(side) {
    far <- 1
    while (fall(centre + side * far * se) < 0) far <- far * 2
    root(fall, min(centre, centre + side * far * se), max(centre, centre + side * far * se))
  }, 0)
}
# the restricted likelihood's variance of a difference of proportions, by bisection
restricted <- function(x1, n1, x2, n2, delta) {
  slope <- function(q) (x1 / (q + delta) - (n1 - x1) / (1 - q - delta) + x2 / q - (n2 - x2) / (1 - q))
  a <- max(0, -delta); b <- min(1, 1 - delta)
  for (i in 1:200) {
    q <- (a + b) / 2; s <- slope(q)
    if (is.nan(s) || s == 0) break
    if (s > 0) a <- q else b <- q
  }
  (q + delta) * (1 - q - delta) / n1 + q * (1 - q) / n2
}
arms <- function(d) factor(letters[d$arm + 1])
more <- list(
  cox = function(d) {
    f <- data.frame(time = d$time, event = d$event, x = d$x, arm = arms(d), s = d$stratum)
    form <- if (d$strata == 1) Surv(time, event) ~ arm + x + strata(s) else Surv(time, event) ~ arm + x
    control <- coxph.control(eps = 1e-13, iter.max = 60, toler.chol = 1e-13)
    ties <- if (d$efron == 1) "efron" else "breslow"
    m <- strict(coxph(form, f, ties = ties, control = control))
    if (any(is.na(coef(m))) || max(abs(coef(m) * c(rep(1, length(coef(m)) - 1), sd(d$x)))) > 10)
      stop("infinite")
    b <- coef(m); se <- sqrt(diag(vcov(m))); k <- length(b)
    f$arm_x <- NULL
    x <- model.matrix(~ arm + x, f)[, -1, drop = FALSE]
    y <- Surv(f$time, f$event)
    group <- if (d$strata == 1) f$s else rep(1, nrow(f))
    ends <- vapply(seq_len(k), function(j) profile_ends(function(v) {
      fixed <- v * x[, j]; rest <- x[, -j, drop = FALSE]
      g <- if (ncol(rest)) coxph(y ~ rest + offset(fixed) + strata(group), ties = ties, control = control)
        else coxph(y ~ offset(fixed) + strata(group), ties = ties, control = control)
      tail(g$loglik, 1)
    }, m$loglik[2], b[j], se[j], d$alpha), c(0, 0))
    list(beta = b, se = se, loglik = m$loglik, score = m$score, wald = m$wald.test,
      limits = c(b - z_of(d) * se, b + z_of(d) * se), profile = c(ends[1, ], ends[2, ]))
  },
  log_rank_strata = function(d) {
    s <- survdiff(Surv(time, event) ~ group + strata(stratum), d)
    e <- rowSums(as.matrix(s$exp)); used <- e > 0
    if (sum(used) < 2) stop("nothing to compare")
    gap <- (rowSums(as.matrix(s$obs)) - e)[used]; v <- s$var[used, used, drop = FALSE]
    k <- sum(used) - 1
    if (qr(v[1:k, 1:k, drop = FALSE])$rank < k) stop("no information")
    list(chisq = drop(gap[1:k] %*% solve(v[1:k, 1:k], gap[1:k])), expected = e)
  },
  mantel_haenszel = function(d) {
    yes <- d$x1 + d$x2
    if (all(yes == 0 | yes == d$n1 + d$n2)) stop("nothing to compare")
    a <- array(rbind(d$x1, d$n1 - d$x1, d$x2, d$n2 - d$x2), c(2, 2, length(d$x1)))
    m <- mantelhaen.test(a, correct = d$correct == 1, conf.level = level(d))
    e <- mantelhaen.test(a, exact = TRUE, conf.level = level(d))
    n <- d$n1 + d$n2; w <- d$n1 * d$n2 / n
    gap <- sum((d$x1 * d$n2 - d$x2 * d$n1) / n) / sum(w)
    # Sato (1989)
    p <- (d$n1^2 * d$x2 - d$n2^2 * d$x1 + d$n1 * d$n2 * (d$n2 - d$n1) / 2) / n^2
    q <- (d$x1 * (d$n2 - d$x2) + d$x2 * (d$n1 - d$x1)) / (2 * n)
    v <- (gap * sum(p) + sum(q)) / sum(w)^2
    # Greenland and Robins (1985)
    rr <- sum(d$x1 * d$n2 / n) / sum(d$x2 * d$n1 / n)
    vr <- sum((d$n1 * d$n2 * (d$x1 + d$x2) - d$x1 * d$x2 * n) / n^2) /
      (sum(d$x1 * d$n2 / n) * sum(d$x2 * d$n1 / n))
    list(chisq = m$statistic, odds = c(m$estimate, m$conf.int), exact_p = e$p.value,
      difference = c(gap, pmin(pmax(gap + c(-1, 1) * z_of(d) * sqrt(v), -1), 1)),
      ratio = if (is.finite(vr)) c(rr, rr * exp(c(-1, 1) * z_of(d) * sqrt(vr))) else NULL)
  },
  stratified_difference = function(d) {
    n <- d$n1 + d$n2; w <- d$n1 * d$n2 / n; w <- w / sum(w); z <- z_of(d)
    p1 <- d$x1 / d$n1; p2 <- d$x2 / d$n2; gap <- sum(w * (p1 - p2))
    score <- function(delta) {
      v <- mapply(restricted, d$x1, d$n1, d$x2, d$n2, delta) * n / (n - 1)
      (gap - delta) / sqrt(max(sum(w^2 * v), 1e-300))
    }
    # Yan and Su (2010)
    ends <- function(x, size) {
      s <- w * sqrt(x / size * (1 - x / size) / size)
      if (all(s == 0)) s <- w / sqrt(size)
      q <- z * sqrt(sum(s^2)) / sum(s)
      rowSums(mapply(function(a, b, c) c * wilson(a, b, q), x, size, w))
    }
    e1 <- ends(d$x1, d$n1); e2 <- ends(d$x2, d$n2)
    l1 <- sum(w^2 / d$n1); l2 <- sum(w^2 / d$n2); v <- function(p) p * (1 - p)
    list(miettinen = c(limit(score, z, gap, -1), limit(score, -z, gap, 1)),
      newcombe = pmin(pmax(gap + c(-1, 1) * z * sqrt(c(l1 * v(e1[1]) + l2 * v(e2[2]),
        l1 * v(e1[2]) + l2 * v(e2[1]))), -1), 1))
  },
  conditional_odds = function(d) {
    low <- max(0, d$x1 + d$x2 - d$n2); high <- min(d$n1, d$x1 + d$x2)
    if (low == high) stop("one table")
    table <- matrix(c(d$x1, d$n1 - d$x1, d$x2, d$n2 - d$x2), 2)
    rough <- fisher.test(table, conf.level = level(d))
    # fisher.test finds its roots to four digits; the same equations, solved to the end
    s <- low:high; h <- dhyper(s, d$n1, d$n2, d$x1 + d$x2, log = TRUE)
    given <- function(t) { u <- h + t * (s - d$x1); u <- exp(u - max(u)); u / sum(u) }
    solve_for <- function(f, near) exp(root(f, log(near) - 1, log(near) + 1))
    estimate <- if (d$x1 == low) 0 else if (d$x1 == high) Inf else
      solve_for(function(t) sum(given(t) * s) - d$x1, rough$estimate)
    lower <- if (d$x1 == low) 0 else
      solve_for(function(t) sum(given(t)[s >= d$x1]) - d$alpha / 2, rough$conf.int[1])
    upper <- if (d$x1 == high) Inf else
      solve_for(function(t) sum(given(t)[s <= d$x1]) - d$alpha / 2, rough$conf.int[2])
    list(odds = c(estimate, lower, upper), p = rough$p.value)
  },
  hodges_lehmann = function(d) {
    w <- strict(wilcox.test(d$x, d$y, exact = TRUE, conf.int = TRUE, conf.level = level(d)))
    o <- strict(wilcox.test(d$x, exact = TRUE, conf.int = TRUE, conf.level = level(d)))
    list(shift = c(w$estimate, w$conf.int), centre = c(o$estimate, o$conf.int))
  },
  ancova_factors = function(d) {
    f <- data.frame(y = d$y, arm = arms(d), site = factor(d$site), z = d$z)
    options(contrasts = c("contr.treatment", "contr.poly"))
    m <- lm(y ~ arm * site + z, f)
    if (any(is.na(coef(m)))) stop("empty cell")
    k <- lm(y ~ arm * site + z, f, contrasts = list(arm = "contr.sum", site = "contr.sum"))
    t3 <- drop1(k, ~ ., test = "F")
    f <<- f
    equal <- as.data.frame(emmeans(m, "arm", data = f))
    share <- as.data.frame(emmeans(m, "arm", weights = "proportional", data = f))
    x <- model.matrix(m); h <- hatvalues(m)
    bread <- solve(crossprod(x))
    hc <- if (max(h) < 1 - 1e-9) bread %*% crossprod(x * (resid(m) / (1 - h))) %*% bread else NULL
    order <- c("(Intercept)", names(coef(m))[-1])
    list(beta = coef(m), se = sqrt(diag(vcov(m))), f = t3[["F value"]][-1],
      equal = c(equal$emmean, equal$SE), share = c(share$emmean, share$SE),
      hc3 = if (is.null(hc)) NULL else sqrt(diag(hc)))
  },
  logistic = function(d) {
    f <- data.frame(y = d$y, arm = arms(d), x = d$x)
    control <- glm.control(epsilon = 1e-14, maxit = 100)
    m <- strict(glm(y ~ arm + x, binomial, f, control = control))
    se <- sqrt(diag(vcov(m))); b <- coef(m)
    if (any(is.na(b)) || max(se) > 50) stop("separated")
    x <- model.matrix(m)
    ends <- vapply(seq_along(b)[-1], function(j) profile_ends(function(v) {
      g <- glm.fit(x[, -j, drop = FALSE], f$y, family = binomial(), offset = v * x[, j], control = control)
      -g$deviance / 2
    }, -m$deviance / 2, b[j], se[j], d$alpha), c(0, 0))
    list(beta = b, se = se, deviance = m$deviance, null = m$null.deviance - m$deviance,
      limits = c((b - z_of(d) * se)[-1], (b + z_of(d) * se)[-1]), profile = c(ends[1, ], ends[2, ]))
  },
  negative_binomial = function(d) {
    f <- data.frame(y = d$y, arm = arms(d), x = d$x, t = d$t)
    p <- strict(glm(y ~ arm + x + offset(log(t)), poisson, f, control = glm.control(1e-14, 100)))
    x <- model.matrix(p); mu <- fitted(p)
    if (sum((f$y - mu)^2 - f$y) <= 0)
      return(list(beta = coef(p), se = sqrt(diag(vcov(p))), dispersion = 0,
        deviance = -2 * as.numeric(logLik(p))))
    k <- ncol(x)
    loss <- function(b) -sum(dnbinom(f$y, size = exp(-b[k + 1]), mu = exp(x %*% b[1:k] + log(f$t)),
      log = TRUE))
    o <- optim(c(coef(p), log(0.5)), loss, method = "BFGS", control = list(reltol = 1e-15, maxit = 2000))
    b <- o$par
    for (i in 1:6) b <- b - solve(numDeriv::hessian(loss, b), numDeriv::grad(loss, b))
    if (b[k + 1] < -8 || max(abs(numDeriv::grad(loss, b))) > 1e-6) stop("no maximum")
    h <- solve(numDeriv::hessian(loss, b)); mu <- drop(exp(x %*% b[1:k] + log(f$t)))
    expected <- solve(crossprod(x * (mu / (1 + exp(b[k + 1]) * mu)), x))
    list(beta = b[1:k], se = sqrt(diag(h))[1:k], expected = sqrt(diag(expected)),
      dispersion = exp(b[k + 1]), deviance = 2 * loss(b))
  },
  mmrm_empirical = function(d) {
    f <- data.frame(id = factor(d$id), visit = factor(d$visit), arm = factor(d$arm), base = d$base,
      y = d$y)
    f$place <- as.integer(f$visit)
    control <- glsControl(tolerance = 1e-12, msTol = 1e-14, maxIter = 500, msMaxIter = 500,
      opt = "optim")
    g <- gls(y ~ arm * visit + base, f, correlation = corSymm(form = ~ place | id),
      weights = varIdent(form = ~ 1 | visit), method = "REML", control = control)
    m <- nlevels(f$visit)
    full <- names(which(table(f$id) == m))[1]
    sigma <- matrix(unclass(getVarCov(g, individual = full)), m)
    x <- model.matrix(~ arm * visit + base, f); r <- f$y - x %*% coef(g)[colnames(x)]
    parts <- lapply(split(seq_len(nrow(f)), f$id), function(i) {
      s <- sigma[f$place[i], f$place[i], drop = FALSE]
      l <- chol(solve(s))
      list(x = l %*% x[i, , drop = FALSE], e = l %*% r[i])
    })
    phi <- solve(Reduce(`+`, lapply(parts, function(p) crossprod(p$x))))
    adjust <- function(p, power) {
      e <- eigen(diag(nrow(p$x)) - p$x %*% phi %*% t(p$x), symmetric = TRUE)
      e$vectors %*% (e$values^power * t(e$vectors))
    }
    se <- function(power) {
      meat <- Reduce(`+`, lapply(parts, function(p) tcrossprod(t(p$x) %*% adjust(p, power) %*% p$e)))
      sqrt(diag(phi %*% meat %*% phi))
    }
    # Bell and McCaffrey (2002): working covariance of all rows, for the last coefficient
    big <- do.call(rbind, lapply(parts, `[[`, "x")); h <- diag(nrow(big)) - big %*% phi %*% t(big)
    ends <- cumsum(vapply(parts, function(p) nrow(p$x), 1L)); starts <- c(1, head(ends, -1) + 1)
    one <- c(rep(0, ncol(x) - 1), 1)
    cols <- mapply(function(p, a, b) h[, a:b, drop = FALSE] %*% (adjust(p, -0.5) %*% p$x %*% phi %*% one),
      parts, starts, ends)
    gram <- crossprod(cols)
    q <- m * (m + 1) / 2; dev <- -2 * as.numeric(logLik(g))
    arms <- lapply(split(f, f$arm), function(part) gls(y ~ visit + base, part,
      correlation = corSymm(form = ~ place | id), weights = varIdent(form = ~ 1 | visit),
      method = "REML", control = control))
    list(cr0 = se(0), cr2 = se(-0.5), cr3 = se(-1), df = sum(diag(gram))^2 / sum(gram^2),
      aic = dev + 2 * q, bic = dev + q * log(length(parts)),
      group = sum(vapply(arms, function(a) -2 * as.numeric(logLik(a)), 0)))
  },
  holm = function(d) list(p = p.adjust(d$p, "holm")),
  dunnett = function(d) {
    # one mean of each arm against the first, by two nested integrals
    n <- d$n; k <- length(n) - 1; df <- sum(n) - length(n)
    se <- sqrt(1 / n[-1] + 1 / n[1]); t <- (d$mean[-1] - d$mean[1]) / se
    load <- sqrt(n[-1] / (n[-1] + n[1]))
    inner <- function(c, s) integrate(function(u) dnorm(u) * vapply(u, function(v) prod(
      pnorm((c * s - load * v) / sqrt(1 - load^2)) - pnorm((-c * s - load * v) / sqrt(1 - load^2))), 0),
      -Inf, Inf, rel.tol = 1e-11, subdivisions = 500)$value
    p <- vapply(abs(t), function(c) 1 - integrate(function(s) vapply(s, function(v)
      inner(c, v) * 2 * df * v * dchisq(df * v^2, df), 0), 0, Inf, rel.tol = 1e-10)$value, 0)
    list(p = p)
  }
)
