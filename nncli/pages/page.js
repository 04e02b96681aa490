"use strict";
(() => {
  const svg = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    return made;
  };

  for (const copy of document.querySelectorAll(".copy")) {
    copy.addEventListener("click", async () => {
      const code = copy.parentNode.querySelector("code");
      try { await navigator.clipboard.writeText(code.textContent); copy.textContent = "Copied"; }
      catch (refused) { getSelection().selectAllChildren(code); copy.textContent = "Selected"; }
      setTimeout(() => { copy.textContent = "Copy"; }, 1500);
    });
  }

  // every point of a drawing: where it is, and what it says
  const read = (chart) => {
    const found = [];
    for (const group of chart.querySelectorAll("[data-told]")) {
      const told = JSON.parse(group.dataset.told);
      const path = group.querySelector("path");
      let places;
      if (path) {
        const numbers = (path.getAttribute("d").match(/-?[\d.]+/g) || []).map(Number);
        places = told.map((_, n) => [numbers[2 * n], numbers[2 * n + 1]]);
      } else {
        places = [...group.children].map((mark) => mark.tagName === "rect"
          ? [mark.x.baseVal.value + mark.width.baseVal.value / 2, mark.y.baseVal.value]
          : [mark.cx.baseVal.value, mark.cy.baseVal.value]);
      }
      places.forEach(([x, y], n) => found.push({x, y, group, told: told[n]}));
    }
    return found;
  };

  for (const chart of document.querySelectorAll(".chart")) {
    let points = null, at = -1, marks = [], tip = null;
    const near = chart.dataset.hover === "near";
    const ready = () => {
      if (points) return;
      points = read(chart);
      if (!near) points.sort((a, b) => a.x - b.x);
    };
    const hide = () => {
      for (const mark of marks) mark.remove();
      if (tip) tip.remove();
      for (const line of chart.querySelectorAll(".on")) line.classList.remove("on");
      marks = []; tip = null;
    };
    const say = (point) => {
      hide();
      const together = near ? [point] : points.filter((each) => each.x === point.x);
      if (!near) marks.push(chart.appendChild(svg("line", {x1: point.x, x2: point.x, y1: 12, y2: 238, class: "cursor"})));
      for (const each of together) {
        marks.push(chart.appendChild(svg("circle", {cx: each.x, cy: each.y, r: 4.5, class: "here"})));
      }
      if (near && point.group.classList.contains("line")) {
        point.group.classList.add("on");
        point.group.parentNode.insertBefore(point.group, marks[0]);
      }
      tip = document.createElement("div");
      tip.className = "tip";
      tip.setAttribute("role", "status");
      const named = together[0].group.dataset.name !== undefined;
      tip.textContent = named
        ? (near ? point.group.dataset.name + "\n" : "") + "epoch " + point.told.split("\t")[0]
          + together.map((each) => "\n" + (near ? "" : each.group.dataset.name + "  ") + each.told.split("\t")[1]).join("")
        : point.told.replace("\t", "\n");
      chart.parentNode.append(tip);
      const box = chart.getBoundingClientRect(), scale = box.width / 440;
      const above = box.top - chart.parentNode.getBoundingClientRect().top;
      const left = point.x * scale + (point.x > 220 ? -tip.offsetWidth - 10 : 10);
      tip.style.left = Math.max(0, Math.min(left, box.width - tip.offsetWidth)) + "px";
      tip.style.top = above + Math.max(0, Math.min(point.y * scale + 8, box.height - tip.offsetHeight - 45 * scale)) + "px";
    };
    chart.addEventListener("pointermove", (event) => {
      ready();
      const box = chart.getBoundingClientRect(), scale = 440 / box.width;
      const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
      let best = Infinity;
      points.forEach((each, n) => {
        const far = near ? (each.x - x) ** 2 + (each.y - y) ** 2 : Math.abs(each.x - x);
        if (far < best) { best = far; at = n; }
      });
      if (at >= 0) say(points[at]);
    });
    chart.addEventListener("pointerleave", hide);
    chart.addEventListener("blur", hide);
    chart.addEventListener("keydown", (event) => {
      const step = {ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity}[event.key];
      if (event.key === "Escape") hide();
      if (!step) return;
      ready();
      event.preventDefault();
      const from = points[at] && points[at].x, last = points.length - 1;
      do at = Math.max(0, Math.min(last, at + step));
      while (!near && at > 0 && at < last && points[at].x === from);
      if (points[at]) say(points[at]);
    });
  }
})();
