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

(defun imagewire-tests--hostile ()
  "Return the hostile strings, except the ones that Emacs cannot read from JSON."
  (delq nil
        (mapcar (lambda (entry)
                  (let ((text (or (gethash "text" entry)
                                  (ignore-errors (json-parse-string (gethash "json" entry))))))
                    (and text (mapconcat #'identity (make-list (gethash "times" entry 1) text) ""))))
                (gethash "strings" (imagewire-tests--fixture "hostile-text.json")))))

(defun imagewire-tests--sorted (pairs)
  "Return the alist PAIRS in the order of its keys."
  (sort (copy-sequence pairs) (lambda (one other) (< (car one) (car other)))))
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
    (should-not (seq-difference (mapcar (lambda (format) (symbol-name (car format))) imagewire--formats)
                                (hash-table-keys (gethash "formats" rules))))
    (pcase-dolist (`(,name . ,format) imagewire--formats)
      (let* ((wanted (gethash (symbol-name name) (gethash "formats" rules)))
             (path (gethash "path" wanted)))
        (should (equal (vconcat (plist-get format :shown)) (gethash "shown" wanted)))
        (pcase-dolist (`(,rules ,wanted ,path) `((,format ,wanted ,path)
                                                 (,(plist-get format :file) ,(gethash "file" wanted)
                                                  ,(gethash "path" (gethash "file" wanted)))))
          (should (equal (plist-get rules :link) (gethash "link" wanted)))
          (should (equal (not path) (not (plist-get rules :path))))
          (when path
            (should (equal (plist-get (plist-get rules :path) :keep) (gethash "keep" path)))
            (should (equal (symbol-name (plist-get (plist-get rules :path) :other)) (gethash "other" path)))
            (should (equal (imagewire-tests--sorted (plist-get (plist-get rules :path) :map))
                           (funcall map (gethash "map" path))))))
        (should (equal (imagewire-tests--sorted (plist-get format :description))
                       (funcall map (gethash "description" wanted))))
        (seq-doseq (example (gethash "examples" wanted))
          (should (equal (imagewire--escaped-link (gethash "path" example) (gethash "description" example) name
                                                  (gethash "kind" example))
                         (gethash "out" example))))))
    (seq-doseq (example (gethash "lists" rules))
      (should (equal (imagewire--kinds (list :files (mapcar (lambda (kind) (list :kind kind)) (gethash "kinds" example))))
                     (gethash "out" example))))
    (seq-doseq (file (gethash "opens" rules))
      (should (eq (gethash "opens" file)
                  (if (imagewire--openable-p (list :kind (gethash "kind" file) :media_type (gethash "media_type" file)))
                      t :false))))))

(ert-deftest imagewire-only-images-are-shown-in-the-text-and-written-by-a-format-of-ones-own ()
  (imagewire-tests--with ((imagewire-link-formats `((org-mode . ,(lambda (path _description) (concat "mine: " path)))))
                          (prediction '(:files [(:path "/x/a.png" :kind "image") (:path "/x/a.mp4" :kind "video")
                                                (:path "/x/a.svg")])))
    (org-mode)
    (should (equal (imagewire--links prediction "a fox") "mine: /x/a.png\n[[file:/x/a.mp4]]\nmine: /x/a.svg"))
    (text-mode)
    (should (equal (imagewire--links prediction "a fox") "![a fox](/x/a.png)\n[a fox](/x/a.mp4)\n![a fox](/x/a.svg)"))
    (cl-letf (((symbol-function 'display-images-p) #'always)
              ((symbol-function 'file-readable-p) #'always)
              ((symbol-function 'file-regular-p) #'always)
              ((symbol-function 'create-image) (lambda (file &rest _) file)))
      (should (equal (mapcar #'imagewire--image '("/x/a.mp4" "/x/a.svg" "/x/a.png")) '(nil nil "/x/a.png"))))))


(ert-deftest imagewire-hostile-text-neither-breaks-a-link-nor-hides-in-it ()
  "A hostile prompt or path ends no link and runs nothing [editor 21]."
  (let ((refused 0)
        (case-fold-search nil))
    (pcase-dolist (`(,format ,escape ,shape)
                   ;; The form of a link in each format, without its escapes.
                   `((markdown ,(rx "\\" punct)
                               ,(rx bos "![" (* (not (any "[]<>{}|*_$~`"))) "](" (+ (any alnum nonascii "/._~%-")) ")" eos))
                     (html "" ,(rx bos "<img src=\"" (+ (any alnum nonascii "/._~%-")) "\" alt=\""
                                   (* (not (any "\"<>{}'`@"))) "\">" eos))
                     (org ,(rx "\\" (any "[]")) ,(rx bos "[[file:" (+ (any alnum nonascii " /._+,@()'-")) "]]" eos))
                     (latex "" ,(rx bos "\\includegraphics[width=\\linewidth]{" (+ (any alnum nonascii " /._+,@()'-"))
                                    "}" eos))
                     (restructuredtext "" ,(rx bos ".. image:: " (+ (any alnum nonascii "/._~%-")) "\n   :alt: " (* nonl) eos))
                     (asciidoc "" ,(rx bos "image::" (+ (any alnum nonascii "/._~%-")) "[alt=\""
                                       (* (not (any "\"[]{}\\"))) "\"]" eos))
                     (norg ,(rx "\\ ") ,(rx bos ".image " (* (any alnum nonascii "/._+,@()-")) eos))
                     (code "" ,(rx bos "\"" (+ (any alnum nonascii " /._+,()-")) "\"" eos))
                     (typst ,(rx "\\" (any "\\\"")) ,(rx bos "#image(\"" (+ (not (any "\"\\"))) "\", alt: \""
                                                         (* (not (any "\"\\"))) "\")" eos))))
      (dolist (text (imagewire-tests--hostile))
        (let ((as-path (imagewire--escaped-link text "a fox" format)))
          (unless as-path (cl-incf refused))
          (dolist (written (delq nil (list (imagewire--escaped-link "images/a.png" text format) as-path)))
            (should (string-match-p shape (if (equal escape "") written (replace-regexp-in-string escape "" written))))
            ;; No controls, nor marks of direction or line ends of Unicode.
            (should-not (string-match-p "[\x00-\x1f\x7f-\x9f\x2028-\x202e]" (string-replace "\n   :alt:" "" written))))))
      ;; Each is found again, with the path that was meant.
      (let ((written (imagewire--escaped-link "images/a (b) ä.png" "x ]) \" 'y'" format)))
        (when written
          (imagewire-tests--with ()
            (cl-letf (((symbol-function 'imagewire--format) (lambda () format)))
              (insert written)
              (should (equal (imagewire--found-path (imagewire--link-here)) "images/a (b) ä.png")))))))
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
          (when (ignore-errors (imagewire--land (imagewire--place-here) nil `(:files [(:path ,path)]) prompt))
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
        (should-not (string-search "\\write18" exported))))
    (should-not (file-exists-p "x"))))

(ert-deftest imagewire-what-cannot-be-linked-safely-is-refused-before-anything-is-sent-or-said ()
  (imagewire-tests--with ((imagewire-folder "a#b"))
    (org-mode)
    (should (string-search "Nothing was sent" (cadr (should-error (imagewire-generate "a fox") :type 'user-error))))
    (should-not imagewire--connection)
    (should-not (overlays-in (point-min) (point-max)))
    ;; An image that was made for a document of another kind.
    (text-mode)
    (imagewire-generate "a fox")
    (org-mode)
    (imagewire-tests--idle)
    (should (string-search (expand-file-name "a#b/a-fox.png" folder) (imagewire-tests--message "no link was inserted")))
    (should (equal (buffer-string) ""))))

(ert-deftest imagewire-where-the-folder-leads ()
  "The folder is relative, absolute, with ~ or a function, and links lead into it [editor 12, 13]."
  (pcase-dolist (`(,setting ,directory ,path)
                 `(("images/" "images" "images/")
                   ("sub/../my images" "my images" "my%20images/")
                   ("~/of the home" ,(expand-file-name "~/of the home") "\\.\\./.+/of%20the%20home/")
                   ("~nobody-has-this-name/a" "./~nobody-has-this-name/a" "~nobody-has-this-name/a/")
                   ("C:\\images" "C:\\images" "C%3A%5Cimages/")
                   (,(expand-file-name "~/an absolute one/") ,(expand-file-name "~/an absolute one")
                    "\\.\\./.+/an%20absolute%20one/")
                   (,(lambda (document) (concat "of " (file-name-base document))) "of note" "of%20note/")))
    (imagewire-tests--with ((imagewire-folder setting))
      (imagewire-generate "a fox")
      (imagewire-tests--idle)
      (should (string-match (concat "\\`!\\[a fox\\](" path "\\(a-fox[-_0-9]*\\.png\\))\\'") (buffer-string)))
      (should (imagewire-tests--image-p
               (concat (file-name-as-directory (expand-file-name directory folder)) (match-string 1 (buffer-string)))))
      (should (file-exists-p (expand-file-name (url-unhex-string (imagewire--found-path (imagewire--link-here)))))))))

(ert-deftest imagewire-a-caption-runs-nothing-in-latex ()
  "A hostile prompt in a caption of LaTeX is only text [editor 21]."
  (dolist (text (imagewire-tests--hostile))
    (let ((caption (imagewire--captioned "LINK" text 'latex)))
      (unless (equal caption "LINK")
        (should (string-match "\\`\\\\begin{figure}\n  \\\\centering\n  LINK\n  \\\\caption{\\(.*\\)}\n\\\\end{figure}\\'" caption))
        (should-not (string-match-p
                     "[\\{}$&#%_^~]"
                     (replace-regexp-in-string
                      (rx "\\" (or (any "{}$&#%_") (: "text" (or "backslash" "asciicircum" "asciitilde" "less" "greater" "bar") "{}")))
                      "" (match-string 1 caption))))))))

(ert-deftest imagewire-a-line-that-is-too-long-hides-no-other-link ()
  (imagewire-tests--with ()
    (insert "![a](data:image/png;base64," (make-string 300000 ?A) ")\n![" (make-string 300000 ?b) "\n"
            "<img " (make-string 300000 ?c) "\n![a](images/b.png)\n")
    (let ((found (imagewire--find-links (point-min) (point-max))))
      (should (equal (imagewire--found-path (car (last found))) "images/b.png")))))

(provide 'imagewire-link-tests)
;;; imagewire-link-tests.el ends here
