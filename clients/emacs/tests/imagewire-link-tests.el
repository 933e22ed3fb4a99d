;;; imagewire-link-tests.el --- Links, and what must not run in them  -*- lexical-binding: t; -*-

;;; Commentary:

;; The rules and the hostile strings are those of all clients, in Tests/Fixtures.

;;; Code:

(require 'ert)
(require 'imagewire-tests-lib)
(require 'ob-shell)
(require 'org)
(require 'ox-ascii)
(require 'ox-html)
(require 'ox-latex)

(defun imagewire-tests--fixture (name)
  "Return the JSON of the fixture NAME, with objects as hash tables."
  (with-temp-buffer
    (insert-file-contents (expand-file-name (concat "../../../Tests/Fixtures/" name) imagewire-tests--folder))
    (json-parse-buffer)))

(defun imagewire-tests--hostile ()
  "Return the hostile strings; not those that Emacs refuses to read from JSON."
  (delq nil
        (mapcar (lambda (entry)
                  (let ((text (or (gethash "text" entry)
                                  (ignore-errors (json-parse-string (gethash "json" entry))))))
                    (and text (mapconcat #'identity (make-list (gethash "times" entry 1) text) ""))))
                (gethash "strings" (imagewire-tests--fixture "hostile-text.json")))))

(defun imagewire-tests--sorted (pairs)
  "Return the alist PAIRS in the order of its keys."
  (sort (copy-sequence pairs) (lambda (one other) (< (car one) (car other)))))

;; Finding T5.
(ert-deftest imagewire-links-are-written-by-the-rules-of-all-clients-and-as-their-examples-are ()
  (let* ((rules (imagewire-tests--fixture "link-escapes.json"))
         (ranges (lambda (name)
                   (mapcar (lambda (range) (cons (string-to-number (aref range 0) 16) (string-to-number (aref range 1) 16)))
                           (gethash name rules))))
         (map (lambda (object)
                (when object
                  (let (pairs)
                    (maphash (lambda (key value) (push (cons (string-to-char key) value) pairs)) object)
                    (imagewire-tests--sorted pairs))))))
    (should (equal imagewire--space (funcall ranges "space")))
    (should (equal imagewire--unsafe (funcall ranges "unsafe")))
    (pcase-dolist (`(,name . ,format) imagewire--formats)
      (let* ((wanted (gethash (symbol-name name) (gethash "formats" rules)))
             (path (gethash "path" wanted)))
        (should (equal (plist-get format :link) (gethash "link" wanted)))
        (should (equal (plist-get (plist-get format :path) :keep) (gethash "keep" path)))
        (should (equal (symbol-name (plist-get (plist-get format :path) :other)) (gethash "other" path)))
        (should (equal (imagewire-tests--sorted (plist-get (plist-get format :path) :map))
                       (funcall map (gethash "map" path))))
        (should (equal (imagewire-tests--sorted (plist-get format :description))
                       (funcall map (gethash "description" wanted))))
        (seq-doseq (example (gethash "examples" wanted))
          (should (equal (imagewire--escaped-link (gethash "path" example) (gethash "description" example) name)
                         (gethash "out" example))))))))

(ert-deftest imagewire-hostile-text-neither-breaks-a-link-nor-hides-in-it ()
  (let ((refused 0)
        (case-fold-search nil))
    (pcase-dolist (`(,format ,escape ,shape)
                   ;; What a link of each format is, once its escapes are taken out.
                   `((markdown ,(rx "\\" punct)
                               ,(rx bos "![" (* (not (any "[]<>{}|*_$~`"))) "](" (+ (any alnum nonascii "/._~%-")) ")" eos))
                     (html "" ,(rx bos "<img src=\"" (+ (any alnum nonascii "/._~%-")) "\" alt=\""
                                   (* (not (any "\"<>{}'`@"))) "\">" eos))
                     (org ,(rx "\\" (any "[]")) ,(rx bos "[[file:" (+ (any alnum nonascii " /._+,@()'-")) "]]" eos))
                     (latex "" ,(rx bos "\\includegraphics[width=\\linewidth]{" (+ (any alnum nonascii " /._+,@()'-"))
                                    "}" eos))
                     (typst ,(rx "\\" (any "\\\"")) ,(rx bos "#image(\"" (+ (not (any "\"\\"))) "\", alt: \""
                                                         (* (not (any "\"\\"))) "\")" eos))))
      (dolist (text (imagewire-tests--hostile))
        (let ((as-path (imagewire--escaped-link text "a fox" format)))
          (unless as-path (cl-incf refused))
          (dolist (written (delq nil (list (imagewire--escaped-link "images/a.png" text format) as-path)))
            (should (string-match-p shape (if (equal escape "") written (replace-regexp-in-string escape "" written))))
            ;; No controls, nor marks of direction or line ends of Unicode.
            (should-not (string-match-p "[\x00-\x1f\x7f-\x9f\x2028-\x202e]" written))))))
    (should (> refused 100))))

(ert-deftest imagewire-nothing-of-a-link-runs-when-org-exports-it ()
  (imagewire-tests--with ((secret (expand-file-name "secret" folder))
                          (default-directory (file-name-as-directory folder))
                          (org-confirm-babel-evaluate nil)
                          (org-export-use-babel t)
                          (org-babel-load-languages '((shell . t) (emacs-lisp . t)))
                          (inserted 0)
                          (paragraphs 0))
    (write-region "the secret of the file" nil secret)
    (org-mode)
    (dolist (hostile (imagewire-tests--hostile))
      (let ((hostile (string-replace "/etc/hostname" secret hostile)))
        (pcase-dolist (`(,prompt . ,path) `((,hostile . "/pictures/a.png")
                                            ("a fox" . ,(concat "/" hostile "/a.png"))
                                            ("a fox" . ,(concat "/pictures/" hostile ".png"))))
          (insert (format "before %d\n\n" (cl-incf paragraphs)))
          (when (ignore-errors (imagewire--insert `(:files [(:path ,path)]) prompt))
            (cl-incf inserted))
          (insert (format "\n\nafter %d\n\n" paragraphs)))))
    (should (> inserted 100))
    (dolist (backend '(html latex ascii))
      (let ((exported (org-export-as backend nil nil t '(:with-toc nil :section-numbers nil))))
        (should-not (string-search "the secret of the file" exported))
        (dotimes (number paragraphs)
          (should (string-match-p (format "before %d\\b" (1+ number)) exported))
          (should (string-match-p (format "after %d\\b" (1+ number)) exported)))
        (when (eq backend 'html)
          (should (= inserted (1- (length (split-string exported "<img "))))))
        (should-not (string-search "write18" exported))))
    (should-not (file-exists-p "x"))))

(ert-deftest imagewire-what-cannot-be-linked-safely-is-refused-before-anything-is-sent-or-said ()
  (imagewire-tests--with ((imagewire-folder "a#b"))
    (org-mode)
    (should (string-search "Nothing was sent" (cadr (should-error (imagewire-generate "a fox") :type 'user-error))))
    (should-not imagewire--connection)
    (should-not (overlays-in (point-min) (point-max)))
    ;; A picture that was made for a document of another kind.
    (text-mode)
    (imagewire-generate "a fox")
    (org-mode)
    (imagewire-tests--idle)
    (should (string-search (expand-file-name "a#b/a-fox.png" folder) (imagewire-tests--message "no link was inserted")))
    (should (equal (buffer-string) ""))))

;; Finding T7.
(ert-deftest imagewire-where-the-folder-leads ()
  (pcase-dolist (`(,setting ,directory ,path)
                 `(("images/" "images" "images/")
                   ("sub/../my pictures" "my pictures" "sub/../my%20pictures/")
                   ("~/of the home" ,(expand-file-name "~/of the home") ,(concat (getenv "HOME") "/of%20the%20home/"))
                   ("~nobody-has-this-name/a" "./~nobody-has-this-name/a" "~nobody-has-this-name/a/")
                   ("C:\\pictures" "C:\\pictures" "C%3A%5Cpictures/")
                   (,(expand-file-name "~/an absolute one/") ,(expand-file-name "~/an absolute one")
                    ,(concat (getenv "HOME") "/an%20absolute%20one/"))))
    (imagewire-tests--with ((imagewire-folder setting))
      (imagewire-generate "a fox")
      (imagewire-tests--idle)
      (should (string-match (concat "\\`!\\[a fox\\](" (regexp-quote path) "\\(a-fox[-_0-9]*\\.png\\))\\'") (buffer-string)))
      (should (imagewire-tests--picture-p
               (concat (file-name-as-directory (expand-file-name directory folder)) (match-string 1 (buffer-string))))))))

(provide 'imagewire-link-tests)
;;; imagewire-link-tests.el ends here
